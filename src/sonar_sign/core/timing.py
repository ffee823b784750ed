"""A stopwatch for the stages that clips go through."""

import time
from collections import defaultdict
from collections.abc import Callable


class Timer:
    """A stopwatch that starts when it is made and adds up the milliseconds of each stage.

    Args:
        wait: called before the clock is read, to wait for work that goes on in the background;
            see `core.devices.timer_on` for work on a GPU.
    """

    def __init__(self, wait: Callable[[], None] | None = None):
        self.milliseconds: dict[str, float] = defaultdict(float)
        """By stage."""
        self._wait = wait
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
        if self._wait is not None:
            self._wait()
        return time.perf_counter()
