"""Which clips make up which step of an epoch, for one process or several.

An epoch samples each corpus by its weight (`mix.py`), by default every clip once. The clips of a
step are divided into parts, one for every process and every micro-batch whose gradients are
accumulated. Which clips make a step depends on the number of parts only, and each part has the
weight that makes the sum of all parts the mean over the step's clips: two processes, or two
accumulated micro-batches, of `b` clips learn what one of `2 b` does.
"""

import heapq
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from torch.utils.data import DataLoader, Dataset

from sonar_sign.training.mix import CorpusClips, sample_epoch

# Clips are sorted by length among this many steps: short enough to shuffle well, long enough
# that a batch is nearly free of padding.
POOL_STEPS = 20


class Part(NamedTuple):
    """The clips that one process computes together."""

    numbers: list[int]
    """Clip numbers."""
    weight: float
    """Factor of its mean loss: its number of clips over the mean number in its step's parts."""
    seed: tuple[int, ...] = ()
    """Seed of its augmentation, different in every epoch."""


class StepBatches:
    """Yields the parts of this process; Lightning announces the epoch through `set_epoch`.

    Args:
        lengths: of each clip, in whatever `budget` counts.
        batch_size: most clips in a part, in the mean over a step.
        accumulate: parts of a step that one process has.
        budget: most length in a part, in the mean over a step; a longer clip is alone. 0: any.
        corpora: how often the clips of each corpus are sampled; none: every clip once.
        epochs: how many there will be; needed for `corpora` with a `budget`.
        curriculum: the first epochs, whose steps are not shuffled but go from short clips to long
            ones.
    """

    def __init__(
        self,
        lengths: Sequence[int],
        batch_size: int,
        seed: int,
        *,
        shuffle: bool,
        accumulate: int = 1,
        budget: int = 0,
        corpora: Sequence[CorpusClips] = (),
        epochs: int = 1,
        curriculum: int = 0,
    ):
        self.lengths = np.asarray(lengths)
        self.corpora, self.epochs, self.curriculum = corpora, epochs, curriculum
        self.batch_size, self.accumulate, self.budget = batch_size, accumulate, budget
        self.seed, self.shuffle = seed, shuffle
        self.n_processes, self.process = 1, 0
        self.epoch, self.start = 0, 0

    def set_processes(self, n_processes: int, process: int) -> None:
        """Say how many processes share the clips, and which one this is."""
        self.n_processes, self.process = n_processes, process

    def set_epoch(self, epoch: int) -> None:
        if epoch != self.epoch:
            self.epoch, self.start = epoch, 0

    @property
    def n_parts(self) -> int:
        return self.n_processes * self.accumulate

    def __len__(self) -> int:
        return len(self._steps()) * self.accumulate

    def __iter__(self) -> Iterator[Part]:
        steps = self._steps()
        if self.shuffle and self.epoch < self.curriculum:
            steps = sorted(steps, key=lambda clips: self.lengths[clips].mean())
        elif self.shuffle:
            rng = np.random.default_rng((self.seed, self.epoch, 1))
            steps = [steps[number] for number in rng.permutation(len(steps))]
        own = slice(self.process, None, self.n_processes)
        parts = [part for step in steps for part in self._divided(step)[own]]
        for place, part in enumerate(parts[self.start :], self.start):
            yield part._replace(seed=(self.seed, self.epoch, place, self.process))

    def _steps(self) -> list[np.ndarray]:
        """The clips of each step; in the order of length within a pool."""
        steps = self._steps_of(self.epoch)
        if self.budget and any(of_corpus.corpus.weight != 1 for of_corpus in self.corpora):
            # Lightning wants as many steps in every epoch, but other clips fill other batches.
            n_steps = max(len(self._steps_of(epoch)) for epoch in range(self.epochs))
            _split_largest(steps, n_steps)
        return steps

    def _steps_of(self, epoch: int) -> list[np.ndarray]:
        size = self.n_parts * self.batch_size
        if self.shuffle:
            clips = sample_epoch(self.corpora, len(self.lengths), self.seed, epoch)
            # With a budget the same order in every epoch, for as many steps in every epoch.
            rng = np.random.default_rng((self.seed, 0 if self.budget else epoch))
            order = clips[rng.permutation(len(clips))]
            pools = [
                order[first : first + POOL_STEPS * size]
                for first in range(0, len(order), POOL_STEPS * size)
            ]
        else:
            pools = [np.arange(len(self.lengths))]
        by_length = [pool[np.argsort(self.lengths[pool], kind="stable")] for pool in pools]
        if not self.budget:
            whole = np.concatenate([np.empty(0, np.int64), *by_length])
            return [whole[first : first + size] for first in range(0, len(whole), size)]
        return [step for pool in by_length for step in self._within_budget(pool, size)]

    def _within_budget(self, pool: np.ndarray, size: int) -> Iterator[np.ndarray]:
        first, total = 0, 0
        for place, length in enumerate(self.lengths[pool].tolist()):
            too_long = total + length > self.n_parts * self.budget
            if place > first and (too_long or place - first == size):
                yield pool[first:place]
                first, total = place, 0
            total += length
        yield pool[first:]

    def _divided(self, step: np.ndarray) -> list[Part]:
        """Parts of nearly equal total length: the longest first, each to the emptiest part."""
        if self.n_parts == 1:
            return [Part(step.tolist(), 1.0)]
        numbers: list[list[int]] = [[] for _ in range(self.n_parts)]
        totals = [(0, 0, part) for part in range(self.n_parts)]
        for number in step[::-1].tolist():
            total, n, part = heapq.heappop(totals)
            numbers[part].append(number)
            heapq.heappush(totals, (total + int(self.lengths[number]), n + 1, part))
        mean = len(step) / self.n_parts
        # A process without a clip of its own computes one of weight 0.
        return [
            Part(sorted(own), len(own) / mean) if own else Part([int(step[0])], 0.0)
            for own in numbers
        ]


def _split_largest(steps: list[np.ndarray], n_steps: int) -> None:
    """Halve the steps with the most clips, in place, until there are `n_steps`."""
    while len(steps) < n_steps:
        largest = max(range(len(steps)), key=lambda number: len(steps[number]))
        half = len(steps[largest]) // 2
        steps[largest : largest + 1] = [steps[largest][:half], steps[largest][half:]]


class ResumableLoader(DataLoader):
    """Reads the parts of a `StepBatches`; its state says how many of the epoch were read."""

    def __init__(self, clips: Dataset, batches: StepBatches, num_workers: int):
        super().__init__(
            clips,
            sampler=batches,
            batch_size=None,
            num_workers=num_workers,
            persistent_workers=num_workers > 0,
        )
        self._given = 0

    def __iter__(self) -> Iterator[Any]:
        self._given = self.sampler.start
        for batch in super().__iter__():
            self._given += 1
            yield batch

    def state_dict(self) -> dict[str, int]:
        return {"epoch": self.sampler.epoch, "given": self._given}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.sampler.set_epoch(state["epoch"])
        self.sampler.start = state["given"]
