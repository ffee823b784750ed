"""Training SONAR's decoder beside the sign encoder: all of it, or a low-rank change of it.

LoRA (Hu et al. 2022, arXiv:2106.09685): a frozen weight plus the product of two thin matrices.
"""

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from sonar_sign.core.files import atomic_write

TrainDecoder = Literal["none", "lora", "full"]
# Projections of fairseq2's attention. An embedding is a memory of one step, so attention to it has
# nothing to choose and its queries and keys nothing to learn.
ADAPTED = (
    *(f"self_attn.{name}" for name in ("q_proj", "k_proj", "v_proj", "output_proj")),
    *(f"encoder_decoder_attn.{name}" for name in ("v_proj", "output_proj")),
)


class LowRank(nn.Module):
    """Adds `up @ down`, of rank `rank`, to a weight `(out, in)`; nothing at the start."""

    def __init__(self, weight: Tensor, rank: int):
        super().__init__()
        self.down = nn.Parameter(torch.empty(rank, weight.shape[1]))
        self.up = nn.Parameter(torch.zeros(weight.shape[0], rank))
        nn.init.kaiming_uniform_(self.down, a=5**0.5)

    def forward(self, weight: Tensor) -> Tensor:
        return weight + self.up @ self.down


def make_trainable(decoder: nn.Module, how: TrainDecoder, rank: int) -> None:
    """Let all, some new or none of a decoder's parameters require gradients."""
    decoder.requires_grad_(how == "full")
    if how == "lora":
        projections = [m for name, m in decoder.named_modules() if name.endswith(ADAPTED)]
        for projection in projections:
            change = LowRank(projection.weight, rank).to(projection.weight.device)
            parametrize.register_parametrization(projection, "weight", change)


def merged_state(decoder: nn.Module) -> dict[str, Tensor]:
    """A decoder's state dict with every low-rank change added to the weight that it changes."""
    state = {
        name: tensor
        for name, tensor in decoder.state_dict().items()
        if ".parametrizations." not in name
    }
    for name, module in decoder.named_modules():
        if parametrize.is_parametrized(module, "weight"):
            state[f"{name}.weight"] = module.weight.detach()
    return state


def save_decoder(path: Path, decoder: nn.Module) -> None:
    """Write a decoder in fairseq2's layout, whole or not at all."""
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        torch.save({"model": merged_state(decoder)}, file)
