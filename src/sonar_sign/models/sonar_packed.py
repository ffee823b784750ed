"""SONAR's text decoder laid out for decoding on a CPU: the same numbers, in another order.

A step of beam search multiplies every weight by a few vectors only, so reading the weights is all
it costs, and matrices in the row-major layout are read slowly: oneDNN's blocked layout takes a
quarter of the time in fp32 and less than half in bf16 (`benchmarks/sonar_text.py`). A packed
decoder cannot be trained, and no gradient passes through it.
"""

import torch
from fairseq2.nn import Projection
from torch import Tensor, nn
from torch.nn import functional

from sonar_sign.models.mapped import Release, convert_into, converted

# Vectors that are multiplied together, which oneDNN chooses the layout for: a beam.
_N_VECTORS = 5
# Rows of the word embedding for `<pad>`, `<unk>`, `<s>` and `</s>`.
_N_SPECIAL = 4
_CPU = torch.device("cpu")
# PyTorch makes these for torch.compile and documents them nowhere, so they may go.
_OPERATORS = ("_reorder_linear_weight", "_linear_pointwise")


def can_pack(device: torch.device) -> bool:
    """Whether this PyTorch packs weights for a device."""
    known = all(hasattr(torch.ops.mkldnn, name) for name in _OPERATORS)
    return device.type == "cpu" and known and torch.backends.mkldnn.is_available()


class PackedLinear(nn.Module):
    """A linear layer with a packed weight.

    Args:
        weight: `(out, in)`.
        counted: whether the weight is a parameter of its own, and not another's second copy.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, counted: bool = True):
        super().__init__()
        packed = torch.ops.mkldnn._reorder_linear_weight(weight, _N_VECTORS)
        if counted:
            self.weight = nn.Parameter(packed, requires_grad=False)
        else:
            self.register_buffer("weight", packed)
        self.bias = None if bias is None else nn.Parameter(bias, requires_grad=False)

    def forward(self, inputs: Tensor) -> Tensor:
        """`(..., in)` to `(..., out)`."""
        return torch.ops.mkldnn._linear_pointwise(inputs, self.weight, self.bias, "none", [], "")


class WordRows(nn.Module):
    """A word embedding whose rows are converted when they are looked up.

    Few rows are ever needed, so the table may stay in its file.
    """

    def __init__(self, weight: Tensor, dtype: torch.dtype):
        super().__init__()
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.dtype = dtype

    def forward(self, tokens: Tensor) -> Tensor:
        """`(n, length)` int64 to `(n, length, width)`."""
        return functional.embedding(tokens, self.weight).to(self.dtype)


def pack(decoder: nn.Module, dtype: torch.dtype, release: Release) -> None:
    """Convert a decoder to `dtype` and pack its matrices, in place and one at a time.

    Args:
        decoder: a `ConditionalTransformerDecoderModel` on the CPU with the tensors of its file.
        release: gives back the memory of what has been copied, see `mapped`.
    """

    _pack_words(decoder, dtype, release)
    scratch = _Scratch(dtype)
    for parent in list(decoder.decoder.modules()):
        for name, module in list(parent.named_children()):
            if isinstance(module, Projection):
                weight = module.weight.detach()
                bias = None if module.bias is None else module.bias.detach().to(dtype)
                setattr(parent, name, PackedLinear(scratch.converted(weight, release), bias))
                release(weight)  # in fp32 it was packed as it is
    for module in decoder.decoder.modules():
        if not isinstance(module, PackedLinear):
            for name, parameter in module.named_parameters(recurse=False):
                small = nn.Parameter(parameter.detach().to(dtype), requires_grad=False)
                setattr(module, name, small)


def _pack_words(decoder: nn.Module, dtype: torch.dtype, release: Release) -> None:
    """Pack the projection to the vocabulary, and leave the word embedding in its file."""
    words, projection = decoder.decoder_frontend.embed.weight.detach(), decoder.final_proj
    tied = projection.weight is decoder.decoder_frontend.embed.weight
    release_words = _after_special_rows(words, release)
    source = words if tied else projection.weight.detach()
    weight = converted(source, _CPU, dtype, release_words if tied else release)
    bias = None if projection.bias is None else projection.bias.detach().to(dtype)
    decoder.final_proj = PackedLinear(weight, bias, counted=not tied)
    release_words(words)
    decoder.decoder_frontend.embed = WordRows(words, dtype)


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


def _after_special_rows(words: Tensor, release: Release) -> Release:
    """`release` for all but the first rows of the word embedding.

    sonar-space exchanges those rows in memory where a file has fairseq's layout. If they were
    released, they would be read from the file again, in the wrong order.
    """
    n_kept = _N_SPECIAL * words.shape[1]
    first = words.data_ptr()

    def release_rest(piece: Tensor) -> None:
        n_before = (piece.data_ptr() - first) // piece.element_size()
        release(piece.flatten()[max(0, n_kept - n_before) :])

    return release_rest
