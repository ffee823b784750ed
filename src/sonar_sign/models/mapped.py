"""Tensors that a file is mapped to: converted in pieces, so that their source takes no memory.

A mapped tensor costs memory once it is read, until the kernel needs the memory for something else.
A model that is converted would be there twice; what has been converted is given back at once.
"""

import ctypes
import mmap
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

# Bytes of a tensor that are read before they are given back.
_PIECE = 64 << 20
# Of glibc's `malloc.h`.
_M_MMAP_THRESHOLD = -3

Release = Callable[[Tensor], None]
"""Gives back the memory of a tensor that will not be read again, or only from its file."""


def releaser(path: Path) -> Release:
    """A function that releases tensors that are mapped from `path`, and leaves others alone.

    Call it after the tensors have been loaded. Changes of a released tensor are lost: it is read
    from the file again.
    """
    name = str(path.resolve())
    lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    ranges = [_range_of(line) for line in lines if line.endswith(f" {name}")]
    madvise = ctypes.CDLL(None).madvise

    def release(tensor: Tensor) -> None:
        first, size = tensor.data_ptr(), tensor.numel() * tensor.element_size()
        if not any(start <= first and first + size <= end for start, end in ranges):
            return
        page = mmap.PAGESIZE
        start, end = -(-first // page) * page, (first + size) // page * page
        if start < end:
            madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), mmap.MADV_DONTNEED)

    return release


def give_back_freed_memory() -> None:
    """Return to the system what has been freed; glibc keeps blocks of less than 32 MB otherwise."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def map_large_blocks() -> None:
    """Let glibc give back every block of 1 MiB and more as soon as it is freed.

    It keeps blocks of less than 32 MB otherwise, in which what comes and goes leaves holes. The
    system clears each block that is made again, which a large model hardly feels.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, 1 << 20)


def _range_of(line: str) -> tuple[int, int]:
    """The addresses of a line of `/proc/self/maps`."""
    start, end = line.split(" ", 1)[0].split("-")
    return int(start, 16), int(end, 16)


def converted(tensor: Tensor, device: torch.device, dtype: torch.dtype, release: Release) -> Tensor:
    """`tensor` on `device` as `dtype`: itself where it is that already, else a copy.

    The memory of what was copied is given back piece by piece.
    """
    if tensor.device == device and tensor.dtype == dtype:
        return tensor.detach()
    copy = torch.empty(tensor.shape, device=device, dtype=dtype)
    convert_into(copy, tensor, release)
    return copy


def convert_into(target: Tensor, tensor: Tensor, release: Release) -> None:
    """Copy a tensor into a contiguous one of the same shape, giving back what was copied."""
    source = tensor.detach().contiguous().view(-1)
    n_per_piece = max(1, _PIECE // source.element_size())
    pieces = zip(source.split(n_per_piece), target.view(-1).split(n_per_piece), strict=True)
    for piece, target_piece in pieces:
        target_piece.copy_(piece)
        release(piece)


def convert_linear_layers(model: nn.Module, dtype: torch.dtype, release: Release) -> None:
    """Convert the linear layers of a model for inference under autocast to `dtype`.

    The outputs stay the same to the last bit: autocast would convert these weights at every use,
    and keep both.
    """
    for module in model.modules():
        if isinstance(module, nn.Linear):
            for name, parameter in module.named_parameters(recurse=False):
                copy = converted(parameter.detach(), parameter.device, dtype, release)
                setattr(module, name, nn.Parameter(copy, requires_grad=False))
