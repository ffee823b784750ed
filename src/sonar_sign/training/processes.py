"""Values gathered from all processes of a training."""

from typing import TypeVar

import torch
from torch import Tensor

T = TypeVar("T")


def gather(mine: T) -> list[T]:
    """The value of every process, in the order of processes; picklable, on the CPU."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return [mine]
    of_all: list = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(of_all, mine)
    return of_all


def gather_rows(rows: Tensor) -> Tensor:
    """Rows of all processes in the order of processes; they may have different numbers of them."""
    return torch.cat(gather(rows.cpu())).to(rows.device)
