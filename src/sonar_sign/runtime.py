"""Where models run: device, precision and threads, chosen in one place."""

import os
from contextlib import AbstractContextManager

import torch

from sonar_sign.errors import UserError

PRECISIONS = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


def choose_device(name: str) -> torch.device:
    """The device that `auto`, `cpu`, `cuda` or `cuda:N` means here.

    Raises:
        UserError: a GPU is asked for and there is none, or the name is not a device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UserError(f"Device {name!r} is not one of auto, cpu, cuda, cuda:N.") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UserError(
            f"Device {name!r} was asked for, but PyTorch finds no GPU; use auto or cpu."
        )
    return device


def autocast(device: torch.device, precision: str) -> AbstractContextManager:
    """Autocast to `fp32` (off), `bf16` or `fp16`.

    Raises:
        UserError: an unknown precision, or fp16 on a CPU, which has no fast or complete fp16.
    """
    if precision not in PRECISIONS:
        raise UserError(f"Precision {precision!r} is not one of {', '.join(PRECISIONS)}.")
    if precision == "fp16" and device.type == "cpu":
        raise UserError("Precision fp16 needs a GPU; use fp32 or bf16 on a CPU.")
    dtype = PRECISIONS[precision]
    return torch.autocast(device.type, dtype=dtype, enabled=dtype is not None)


def use_threads(n: int) -> None:
    """Give PyTorch `n` threads; 0 leaves its own choice. More only fight for the same cores."""
    if n > 0:
        torch.set_num_threads(n)
        os.environ["OMP_NUM_THREADS"] = str(n)
