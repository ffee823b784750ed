"""Device, precision and threads of models."""

import os
import resource
from contextlib import AbstractContextManager
from functools import partial

import torch

from sonar_sign.core.bounds import THREADS
from sonar_sign.core.errors import UserError
from sonar_sign.core.gpus import hold_gpus
from sonar_sign.core.options import DEVICES
from sonar_sign.core.timing import Timer

PRECISIONS = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}
# The precision that training's `mixed_precision` selects.
PRECISION_OF = {"no": "fp32", "bf16": "bf16", "fp16": "fp16"}
# `auto` computes smaller models in fp32: they are fast anyway, such as the demo's.
LARGE_MODEL = 50_000_000


def choose_device(name: str, n_devices: int = 1) -> torch.device:
    """The device for `auto`, `cpu`, `cuda` or `cuda:N`.

    On a workstation whose GPUs are shared by jobs (see `core.gpus`), this waits until `n_devices`
    (0: all) are free.

    Raises:
        UserError: a GPU is asked for and there is none, or the name is not a device.
    """
    if name in ("auto", "cuda") and "LOCAL_RANK" not in os.environ:
        hold_gpus(n_devices)
    if name == "auto":
        name = "cuda" if may_use_gpu() and torch.cuda.is_available() else "cpu"
    if name == "cuda" and "LOCAL_RANK" in os.environ:
        name = f"cuda:{os.environ['LOCAL_RANK']}"  # one of several processes, each with a GPU
    if refusal := DEVICES.refusal_of_text(name):
        raise UserError(f"Device {name!r}: {refusal}.")
    device = torch.device(name)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UserError(
            f"Device {name!r} was asked for, but PyTorch finds no GPU; use auto or cpu."
        )
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        last = torch.cuda.device_count() - 1
        raise UserError(f"Device {name!r} was asked for, but the last GPU here is cuda:{last}.")
    return device


def may_use_gpu() -> bool:
    """Whether visible GPUs may be used: a SLURM job that asked for none may see those of others."""
    given = ("CUDA_VISIBLE_DEVICES", "SLURM_JOB_GPUS", "SLURM_STEP_GPUS", "LOCAL_RANK")
    return "SLURM_JOB_ID" not in os.environ or any(name in os.environ for name in given)


def is_one_task_of_slurm() -> bool:
    """Whether SLURM started a single process, which starts any others itself."""
    by_torchrun = "TORCHELASTIC_RUN_ID" in os.environ
    return os.environ.get("SLURM_NTASKS") == "1" and not by_torchrun


def autocast(device: torch.device, precision: str) -> AbstractContextManager:
    """Autocast to `fp32` (off), `bf16` or `fp16`.

    Raises:
        UserError: an unknown precision, or fp16 on a CPU, which supports it slowly and in part.
    """
    if precision not in PRECISIONS:
        raise UserError(f"Precision {precision!r} is not one of {', '.join(PRECISIONS)}.")
    if precision == "fp16" and device.type == "cpu":
        raise UserError("Precision fp16 needs a GPU; use fp32 or bf16 on a CPU.")
    dtype = PRECISIONS[precision]
    return torch.autocast(device.type, dtype=dtype, enabled=dtype is not None)


def choose_precision(precision: str, device: torch.device, n_parameters: int) -> str:
    """The precision that `auto` means for a model on a device; any other is returned as it is.

    It is bf16 where the device computes in it natively, and fp32 elsewhere and for models of less
    than `LARGE_MODEL` parameters.

    Raises:
        UserError: as `autocast`.
    """
    if precision == "auto":
        large = n_parameters >= LARGE_MODEL
        return "bf16" if large and has_bf16(device) else "fp32"
    autocast(device, precision)
    return precision


def n_parameters(model: torch.nn.Module) -> int:
    """Number of parameters of a model; a tensor with several names counts once."""
    return sum(parameter.numel() for parameter in model.parameters())


def has_bf16(device: torch.device) -> bool:
    """Whether a device has units for bf16: AVX512-BF16 or AMX, or those of a GPU."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # PyTorch asks the processor; its own emulation of bf16 is slower than fp32.
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def is_main_process() -> bool:
    """Whether this is the only or the first process of a training, by the launcher's variables."""
    rank = os.environ.get("RANK") or os.environ.get("SLURM_PROCID") or "0"
    return int(rank) == 0 and int(os.environ.get("LOCAL_RANK", "0")) == 0


def count_devices(device: torch.device, wanted: int) -> int:
    """How many devices of this machine train.

    Args:
        wanted: 0 means all GPUs, or one process on a CPU.

    Raises:
        UserError: more GPUs are wanted than there are.
    """
    if "LOCAL_WORLD_SIZE" in os.environ and not wanted:
        return int(os.environ["LOCAL_WORLD_SIZE"])  # torchrun has decided
    if device.type != "cuda":
        return wanted or 1
    if device.index is not None and "LOCAL_RANK" not in os.environ and not wanted:
        return 1  # one GPU was named
    there = torch.cuda.device_count()
    if wanted > there:
        raise UserError(f"{wanted} devices were asked for, but PyTorch finds {there} GPUs.")
    return wanted or there


def timer_on(device: torch.device) -> Timer:
    """A timer of work on a device: a GPU computes while Python goes on, so it is waited for."""
    if device.type == "cuda":
        return Timer(partial(torch.cuda.synchronize, device))
    return Timer()


def peak_memory_gb(device: torch.device) -> float:
    """Peak memory so far, in GB: of the GPU or, on a CPU, of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # kilobytes on Linux


def reader_processes(n: int, device: str | torch.device) -> int:
    """How many of `n` processes that read data are started: on a CPU none.

    There a model needs seconds for a clip that is read in milliseconds: readers would take its
    cores, and a gigabyte of memory each.
    """
    on_cpu = str(device) == "cpu" or not (may_use_gpu() and torch.cuda.is_available())
    return 0 if on_cpu else n


def use_threads(n: int, n_workers: int = 0) -> None:
    """Limit a command to `n` threads, so that parallel jobs do not compete; 0: PyTorch's default.

    Args:
        n: of the command, its worker processes included.
        n_workers: processes that read data. The model gets the other threads: with as many as
            cores beside busy workers, threads that wait for each other took most of the CPU time.

    Raises:
        UserError: it is no number of threads.
    """
    if n:
        if refusal := THREADS.refusal_of_number(n):
            raise UserError(f"{n} threads: {refusal}.")
        of_model = max(1, n - n_workers)
        torch.set_num_threads(of_model)
        os.environ["OMP_NUM_THREADS"] = str(of_model)
