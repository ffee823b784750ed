"""SONAR's text decoder laid out for decoding on a CPU.

A step of beam search multiplies every weight by a few vectors only, so reading the weights is all
it costs, and matrices in the row-major layout are read slowly: oneDNN's blocked layout takes a
quarter of the time in fp32 and less than half in bf16 (`benchmarks/sonar_text.py`).

In bf16 the layers' matrices are converted, and rounding is kept from what texts depend on most
(`benchmarks/precision.py` counts them): sums over layers, norms and the projection to the
vocabulary stay fp32, and attention sees its inputs unrounded. A packed decoder cannot be trained:
no gradient passes through it.
"""

import torch
from fairseq2.models.transformer import MultiheadAttention
from fairseq2.nn import Projection
from torch import Tensor, nn

from sonar_sign.models.mapped import Release, convert_into

# Vectors that are multiplied together, which oneDNN chooses the layout for: a beam.
_N_VECTORS = 5
# Rows of the word embedding for `<pad>`, `<unk>`, `<s>` and `</s>`.
_N_SPECIAL = 4
# PyTorch makes these for torch.compile and documents them nowhere, so they may go.
_OPERATORS = ("_reorder_linear_weight", "_linear_pointwise")


def can_pack(device: torch.device) -> bool:
    """Whether this PyTorch packs weights for a device."""
    known = all(hasattr(torch.ops.mkldnn, name) for name in _OPERATORS)
    return device.type == "cpu" and known and torch.backends.mkldnn.is_available()


class PackedLinear(nn.Module):
    """A linear layer with a packed weight, which takes and gives any float type.

    Args:
        weight: `(out, in)`; the computation is of its type.
        counted: whether the weight is a parameter of its own, and not another's second copy.
        in_two: multiply with a bf16 weight what rounding takes from the inputs too.
    """

    def __init__(
        self, weight: Tensor, bias: Tensor | None, counted: bool = True, in_two: bool = False
    ):
        super().__init__()
        self.dtype = weight.dtype
        self.in_two = in_two and self.dtype == torch.bfloat16
        packed = torch.ops.mkldnn._reorder_linear_weight(weight, _N_VECTORS)
        if counted:
            self.weight = nn.Parameter(packed, requires_grad=False)
        else:
            self.register_buffer("weight", packed)
        of_type = None if bias is None else bias.detach().to(self.dtype)
        self.bias = None if of_type is None else nn.Parameter(of_type, requires_grad=False)

    def forward(self, inputs: Tensor) -> Tensor:
        """`(..., in)` to `(..., out)`."""
        rounded = inputs.to(self.dtype)
        if not self.in_two:
            return self._product(rounded, self.bias).to(inputs.dtype)
        # In one multiplication, so that the weight is read once.
        rest = (inputs - rounded).to(self.dtype)
        first, second = self._product(torch.stack([rounded, rest]), None).to(inputs.dtype)
        return first + second if self.bias is None else first + second + self.bias

    def _product(self, inputs: Tensor, bias: Tensor | None) -> Tensor:
        return torch.ops.mkldnn._linear_pointwise(inputs, self.weight, bias, "none", [], "")


def pack(decoder: nn.Module, dtype: torch.dtype, release: Release) -> None:
    """Convert the matrices of a decoder's layers to `dtype` and pack all, one at a time.

    Args:
        decoder: a `ConditionalTransformerDecoderModel` on the CPU with the tensors of its file.
        release: gives back the memory of what has been copied, see `mapped`.
    """
    decoder.requires_grad_(False)
    _pack_projection(decoder, release)
    scratch = _Scratch(dtype)
    for parent in list(decoder.decoder.modules()):
        for name, module in list(parent.named_children()):
            if isinstance(module, Projection):
                in_attention = isinstance(parent, MultiheadAttention)
                weight = scratch.converted(module.weight, release)
                setattr(parent, name, PackedLinear(weight, module.bias, in_two=in_attention))
                release(module.weight)  # in fp32 it was packed as it is


def _pack_projection(decoder: nn.Module, release: Release) -> None:
    """Pack the projection to the vocabulary; the word embedding's few rows are read from the file.

    sonar-space exchanges the special tokens' rows in memory where a file has fairseq's layout. If
    they were released, they would be read from the file again, in the wrong order.
    """
    words, projection = decoder.decoder_frontend.embed.weight, decoder.final_proj
    tied = projection.weight is words
    decoder.final_proj = PackedLinear(projection.weight.float(), projection.bias, counted=not tied)
    release(words[_N_SPECIAL:])


class _Scratch:
    """One buffer for weights that are converted only to be packed.

    Buffers of their own, freed one after the other, leave holes of a quarter of the packed weights.
    """

    def __init__(self, dtype: torch.dtype):
        self.buffer = torch.empty(0, dtype=dtype)

    def converted(self, weight: Tensor, release: Release) -> Tensor:
        """The weight in the buffer, until the next call; itself if nothing is to be converted."""
        if weight.dtype == self.buffer.dtype:
            return weight
        if weight.numel() > len(self.buffer):
            self.buffer = torch.empty(weight.numel(), dtype=self.buffer.dtype)
        target = self.buffer[: weight.numel()].view(weight.shape)
        convert_into(target, weight, release)
        return target
