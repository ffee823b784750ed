"""`batch_size: auto`: as large a batch as fits and gains, and gradients accumulated."""

import gc
import json
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from sonar_sign.core.devices import PRECISION_OF, autocast
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import write_json
from sonar_sign.core.options import TrainOptions
from sonar_sign.training.batches import Part
from sonar_sign.training.data import ClipSet
from sonar_sign.training.module import TrainingModule

# Of a CPU's free memory; the rest is left for what else the process will need.
SHARE = 0.9
WAIT_S = 600


def resolve_batch_size(
    module: TrainingModule,
    clips: ClipSet,
    options: TrainOptions,
    device: torch.device,
    path: Path,
    *,
    decides: bool,
) -> TrainOptions:
    """The options with `auto` replaced; a resumed run, and every process, takes the same size.

    Args:
        path: where the choice is kept.
        decides: whether this process tries sizes; others wait for its choice.

    Raises:
        UserError: not even one clip fits.
    """
    if options.batch_size:
        return options
    if decides and not path.exists():
        accumulate = _fitting_accumulation(module, clips, options, device)
        write_json(path, {"gradient_accumulation_steps": accumulate})
        batch_size = options.effective_batch // accumulate
        print(f"batch_size auto: {batch_size} clips, {accumulate} batches per step")
    deadline = time.monotonic() + WAIT_S
    while not path.exists():
        if time.monotonic() > deadline:
            raise UserError(f"The first process did not find a batch size in {WAIT_S} s.")
        time.sleep(0.1)
    accumulate = json.loads(path.read_text(encoding="utf-8"))["gradient_accumulation_steps"]
    return replace(
        options,
        batch_size=options.effective_batch // accumulate,
        gradient_accumulation_steps=accumulate,
    )


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error of PyTorch (on a GPU or a CPU) or Python means too little memory."""
    known = isinstance(error, (torch.OutOfMemoryError, MemoryError))
    return known or "can't allocate memory" in str(error) or "bad_alloc" in str(error)


def _fitting_accumulation(
    module: TrainingModule,
    clips: ClipSet,
    options: TrainOptions,
    device: torch.device,
) -> int:
    whole = options.effective_batch
    module.to(device)
    for accumulate in _accumulations(whole, options, device):
        try:
            with _cpu_memory_limited(device):
                _try_step(module, _longest(clips, whole // accumulate, options), options, device)
            return accumulate
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        finally:
            module.zero_grad(set_to_none=True)
            gc.collect()
            if device.type == "cuda":
                torch.cuda.empty_cache()
    raise UserError(
        f"Not even one clip fits into the memory of {device}: switch on gradient_checkpointing or "
        "mixed_precision."
    )


def _accumulations(whole: int, options: TrainOptions, device: torch.device) -> list[int]:
    """Numbers of batches in a step, the largest batch first.

    One clip's windows keep a CPU busy: more of them together only take more memory.
    """
    if device.type == "cpu" and options.batch_budget:
        return [whole]
    return [n for n in range(1, whole + 1) if whole % n == 0]


def _longest(clips: ClipSet, n: int, options: TrainOptions):
    longest = np.argsort(clips.lengths, kind="stable")[::-1][:n]
    if options.batch_budget:
        within = np.cumsum(np.array(clips.lengths)[longest]) <= options.batch_budget
        longest = longest[: max(1, int(within.sum()))]
    return clips[Part(longest.tolist(), 1.0, (0,))]


def _try_step(module: TrainingModule, batch, options: TrainOptions, device: torch.device) -> None:
    batch = batch.to(device)
    trained = [p for p in module.parameters() if p.requires_grad]
    # What AdamW will keep of every parameter.
    moments = [torch.zeros_like(p) for p in trained for _ in range(2)]
    with autocast(device, PRECISION_OF[options.mixed_precision]):
        _, loss = module.losses_of(batch)
    loss.backward()
    del moments


@contextmanager
def _cpu_memory_limited(device: torch.device) -> Iterator[None]:
    """Make allocations fail for which a CPU has no memory; Linux would kill the process instead."""
    if device.type != "cpu":
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = _mapped_bytes() + int(SHARE * _available_bytes())
    limits = [limit for limit in (soft, wanted) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min(limits), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _mapped_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _available_bytes() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
