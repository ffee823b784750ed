"""Measures the memory of a process and all that it starts, by the step of the workflow."""

import os
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

INTERVAL_S = 0.3
# Reading the memory of many gigabytes takes time; at most a tenth of it is spent so.
SHARE_OF_TIME = 0.1
COMMAND = "sonar-sign"


@dataclass
class Peaks:
    """The most memory that was seen, in bytes.

    Pages that several processes share count once. Pages of mapped files, which the system can drop
    where memory is short, are counted too.
    """

    steps: dict[str, int] = field(default_factory=dict)
    """By step, of one job of it with all of its processes."""
    private: dict[str, int] = field(default_factory=dict)
    """By step, without pages of files."""
    together: int = 0
    """Of all processes at one time."""

    def add(self, jobs: dict[tuple[int, str], "Memory"], everything: int) -> None:
        """Take the memory of every job and of everything at one time."""
        for (_, step), memory in jobs.items():
            self._raise(step, memory.total, memory.private)
        self.together = max(self.together, everything)

    def merge(self, later: "Peaks") -> None:
        """Take the peaks of another time."""
        for step, total in later.steps.items():
            self._raise(step, total, later.private[step])
        self.together = max(self.together, later.together)

    def _raise(self, step: str, total: int, private: int) -> None:
        self.steps[step] = max(self.steps.get(step, 0), total)
        self.private[step] = max(self.private.get(step, 0), private)


@dataclass
class Memory:
    """What processes hold, in bytes."""

    total: int = 0
    private: int = 0

    def add(self, total: int, private: int) -> None:
        self.total += total
        self.private += private


@contextmanager
def watching(pid: int) -> Iterator[Peaks]:
    """Measure until the block ends."""
    peaks, ended = Peaks(), threading.Event()

    def watch() -> None:
        wait = 0.0
        while not ended.wait(wait):
            started = time.monotonic()
            jobs, everything = measure(pid)
            peaks.add(jobs, everything)
            wait = max(INTERVAL_S, (time.monotonic() - started) * (1 / SHARE_OF_TIME - 1))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peaks
    finally:
        ended.set()
        thread.join()


def measure(pid: int) -> tuple[dict[tuple[int, str], Memory], int]:
    """The memory of every job below a process, by the job's process and step; and of all."""
    import psutil

    jobs: dict[tuple[int, str], Memory] = {}
    everything = 0
    # A process, and the job that it belongs to.
    waiting: list[tuple[psutil.Process, tuple[int, str] | None]] = []
    with suppress(psutil.Error):
        waiting.append((psutil.Process(pid), None))
    while waiting:
        process, job = waiting.pop()
        with suppress(psutil.Error, OSError):
            step = step_of(process.cmdline()) if job is None else None
            if step is not None:
                job = (process.pid, step)
            waiting += [(child, job) for child in process.children()]
            total, private = _memory_of(process.pid)
            everything += total
            if job is not None:
                jobs.setdefault(job, Memory()).add(total, private)
    return jobs, everything


def _memory_of(pid: int) -> tuple[int, int]:
    """Bytes of a process, its share of shared pages; all of them, and those of no file."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kilobytes = {name: int(n) for name, n in re.findall(r"^(\w+): +(\d+) kB", text, re.MULTILINE)}
    private = kilobytes.get("Pss_Anon", 0) + kilobytes.get("Pss_Shmem", 0)
    return 1024 * kilobytes.get("Pss", 0), 1024 * private


def step_of(words: Sequence[str]) -> str | None:
    """The step of the workflow that a command line is: `train stage1`; None: it is none."""
    names = [os.path.basename(word) for word in words]
    if COMMAND not in names or names.index(COMMAND) + 1 >= len(words):
        return None
    command, *flags = words[names.index(COMMAND) + 1 :]
    named = dict(zip(flags, flags[1:], strict=False))
    if command.startswith("train_"):
        return f"train {named.get('--training', '')}".strip()
    if command.startswith("predict"):
        return f"predict {named.get('--system', '')}".strip()
    if command == "extract":
        parts = Path(named.get("--output", "")).parts
        return f"extract {parts[-3]}" if len(parts) > 3 else command
    return command
