"""Batches: every clip once an epoch, seeded, of similar length."""

import numpy as np
import pytest

from sonar_sign.finetune.batches import POOL_BATCHES, LengthBatches

LENGTHS = np.random.default_rng(0).integers(1, 300, 1003).tolist()


def epoch_of(number=0, lengths=LENGTHS, batch_size=8, seed=1, shuffle=True):
    batches = LengthBatches(lengths, batch_size, seed, shuffle)
    batches.set_epoch(number)
    return list(batches)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("n_clips", [1, 7, 8, 9, 1003])
def test_every_clip_once_an_epoch(n_clips, shuffle):
    batches = epoch_of(lengths=LENGTHS[:n_clips], shuffle=shuffle)
    assert sorted(n for batch in batches for n in batch) == list(range(n_clips))
    assert len(batches) == len(LengthBatches(LENGTHS[:n_clips], 8, 1, shuffle))
    # One batch may be short.
    assert sorted(len(batch) for batch in batches)[1:] == [8] * (len(batches) - 1)


def test_the_seed_and_the_epoch_set_the_order():
    assert epoch_of() == epoch_of()
    assert epoch_of() != epoch_of(1)
    assert epoch_of() != epoch_of(seed=2)
    together = [frozenset(batch) for batch in epoch_of()]
    # Other clips meet in another epoch.
    assert len(set(together) & {frozenset(batch) for batch in epoch_of(1)}) < 5


def test_iterating_twice_gives_the_same_epoch():
    batches = LengthBatches(LENGTHS, 8, 1, True)
    assert list(batches) == list(batches)


def test_without_shuffling_the_shortest_come_first():
    (flat,) = [[n for batch in epoch_of(shuffle=False) for n in batch]]
    lengths = [LENGTHS[n] for n in flat]
    assert lengths == sorted(lengths)
    assert epoch_of(5, shuffle=False) == epoch_of(0, shuffle=False, seed=9)


def padding(batches):
    padded = sum(len(batch) * max(LENGTHS[n] for n in batch) for batch in batches)
    return padded / sum(LENGTHS) - 1


def test_clips_of_a_batch_are_about_as_long():
    order = np.random.default_rng(1).permutation(len(LENGTHS))
    at_random = [order[i : i + 8] for i in range(0, len(order), 8)]
    assert padding(at_random) > 0.6
    assert padding(epoch_of()) < 0.1


def test_short_clips_do_not_come_first():
    # Clips are sorted within a pool, so batches in that order would rise nearly always.
    assert len(LENGTHS) > POOL_BATCHES * 8
    means = [np.mean([LENGTHS[n] for n in batch]) for batch in epoch_of()]
    assert 0.3 < np.mean(np.diff(means) > 0) < 0.7
