"""Milliseconds of the stages that a clip goes through."""

import time
from collections import defaultdict


class Clock:
    """A stopwatch that knows what its laps were spent on."""

    def __init__(self):
        self.milliseconds: dict[str, float] = defaultdict(float)
        self._since = time.perf_counter()

    def lap(self, stage: str) -> None:
        """Count the time since the lap before as `stage`."""
        now = time.perf_counter()
        self.milliseconds[stage] += 1000 * (now - self._since)
        self._since = now
