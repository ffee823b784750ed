"""Batches of clips of similar length, every clip once an epoch, the same in every run."""

from collections.abc import Iterator, Sequence

import numpy as np

# Clips are sorted by length among this many batches: short enough to shuffle well, long enough
# that a batch is nearly free of padding.
POOL_BATCHES = 20


class LengthBatches:
    """Yields lists of clip numbers; Lightning announces the epoch through `set_epoch`."""

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int, shuffle: bool):
        self.lengths = np.asarray(lengths)
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        if not self.shuffle:
            order = np.argsort(self.lengths, kind="stable")
            yield from self._cut(order)
            return
        rng = np.random.default_rng((self.seed, self.epoch))
        order = rng.permutation(len(self.lengths))
        pool = POOL_BATCHES * self.batch_size
        order = np.concatenate(
            [
                part[np.argsort(self.lengths[part], kind="stable")]
                for part in (order[i : i + pool] for i in range(0, len(order), pool))
            ]
        )
        batches = list(self._cut(order))
        for number in rng.permutation(len(batches)):
            yield batches[number]

    def _cut(self, order: np.ndarray) -> Iterator[list[int]]:
        for first in range(0, len(order), self.batch_size):
            yield order[first : first + self.batch_size].tolist()
