"""A stopwatch for the stages that clips go through."""

import time
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


class Timer:
    """A stopwatch that starts when it is made and adds up the milliseconds of each stage.

    Args:
        device: where the timed work runs. A GPU works on while Python continues, so the timer
            waits for it before it reads the clock; on a CPU (None) there is nothing to wait for.
    """

    def __init__(self, device: "torch.device | None" = None):
        self.milliseconds: dict[str, float] = defaultdict(float)
        """By stage."""
        self._device = device
        self._started = self._now()

    def lap(self, stage: str) -> float:
        """Add the time since the last lap (the first: since the start) to `stage`.

        Returns:
            The milliseconds of this lap.
        """
        now = self._now()
        passed = 1000 * (now - self._started)
        self.milliseconds[stage] += passed
        self._started = now
        return passed

    def _now(self) -> float:
        if self._device is not None and self._device.type == "cuda":
            import torch  # steps that need no PyTorch use timers too

            torch.cuda.synchronize(self._device)
        return time.perf_counter()
