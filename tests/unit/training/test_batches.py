"""Batches: every clip once an epoch, seeded, of similar length."""

import numpy as np
import pytest

from sonar_sign.training.batches import POOL_STEPS, StepBatches

LENGTHS = np.random.default_rng(0).integers(1, 300, 1003).tolist()


def epoch_of(number=0, lengths=LENGTHS, batch_size=8, seed=1, shuffle=True):
    batches = StepBatches(lengths, batch_size, seed, shuffle=shuffle)
    batches.set_epoch(number)
    parts = list(batches)
    assert all(part.weight == 1 for part in parts)
    return [part.numbers for part in parts]


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("n_clips", [1, 7, 8, 9, 1003])
def test_every_clip_once_an_epoch(n_clips, shuffle):
    batches = epoch_of(lengths=LENGTHS[:n_clips], shuffle=shuffle)
    assert sorted(n for batch in batches for n in batch) == list(range(n_clips))
    assert len(batches) == len(StepBatches(LENGTHS[:n_clips], 8, 1, shuffle=shuffle))
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
    batches = StepBatches(LENGTHS, 8, 1, shuffle=True)
    assert list(batches) == list(batches)


def test_a_curriculum_goes_from_short_clips_to_long_ones():
    batches = StepBatches(LENGTHS, 8, 1, shuffle=True, curriculum=1)
    means = [np.mean([LENGTHS[n] for n in part.numbers]) for part in batches]
    assert means == sorted(means)
    assert sorted(n for part in batches for n in part.numbers) == list(range(len(LENGTHS)))
    batches.set_epoch(1)
    assert [part.numbers for part in batches] == epoch_of(1)


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
    assert len(LENGTHS) > POOL_STEPS * 8
    means = [np.mean([LENGTHS[n] for n in batch]) for batch in epoch_of()]
    assert 0.3 < np.mean(np.diff(means) > 0) < 0.7


def processes(n_processes, *, n_clips=1003, **options):
    """The parts of every process."""
    found = []
    for process in range(n_processes):
        batches = StepBatches(LENGTHS[:n_clips], 4, 1, shuffle=True, **options)
        batches.set_processes(n_processes, process)
        found.append(list(batches))
        assert len(found[-1]) == len(batches)
    return found


@pytest.mark.parametrize("n_clips", [1, 5, 8, 1003])
@pytest.mark.parametrize("n_processes, accumulate", [(1, 3), (2, 1), (3, 2)])
@pytest.mark.parametrize("budget", [0, 600])
def test_processes_share_the_clips(n_clips, n_processes, accumulate, budget):
    parts = processes(n_processes, n_clips=n_clips, accumulate=accumulate, budget=budget)
    assert len({len(own) for own in parts}) == 1
    counted = [n for own in parts for part in own if part.weight for n in part.numbers]
    assert sorted(counted) == list(range(n_clips))
    n_parts = n_processes * accumulate
    for first in range(0, len(parts[0]), accumulate):
        step = [part for own in parts for part in own[first : first + accumulate]]
        # The sum over parts of weight times mean, over the number of parts, is the step's mean.
        n_of_step = sum(len(part.numbers) for part in step if part.weight)
        for part in step:
            expected = len(part.numbers) * n_parts / n_of_step
            assert part.weight == (pytest.approx(expected) if part.weight else 0)


@pytest.mark.parametrize("n_processes, accumulate", [(4, 1), (2, 2), (1, 4)])
def test_a_steps_clips_do_not_depend_on_how_it_is_divided(n_processes, accumulate):
    parts = processes(n_processes, accumulate=accumulate)
    steps = [
        sorted(n for own in parts for part in own[i : i + accumulate] for n in part.numbers)
        for i in range(0, len(parts[0]), accumulate)
    ]
    whole = [sorted(part.numbers) for part in StepBatches(LENGTHS, 16, 1, shuffle=True)]
    assert steps == whole


def test_parts_of_a_step_are_about_as_long():
    parts = processes(2, budget=600)
    totals = np.array([[sum(LENGTHS[n] for n in part.numbers) for part in own] for own in parts])
    assert np.abs(totals[0] - totals[1]).mean() < 0.2 * totals.mean()
    assert totals.mean(axis=0).max() <= 600


def test_a_budget_allows_one_clip_however_long():
    batches = StepBatches([5, 900, 7, 8], 4, 1, shuffle=False, budget=20)
    assert [part.numbers for part in batches] == [[0, 2, 3], [1]]


def test_every_epoch_draws_something_else():
    batches = StepBatches(LENGTHS, 8, 1, shuffle=True, budget=2000)
    seen = set()
    for epoch in range(3):
        batches.set_epoch(epoch)
        seen |= {part.seed for part in batches}
    assert len(seen) == 3 * len(batches)


def test_going_on_within_an_epoch():
    batches = StepBatches(LENGTHS, 8, 1, shuffle=True)
    batches.set_epoch(2)
    whole = list(batches)
    batches.start = 100
    batches.set_epoch(2)
    assert list(batches) == whole[100:]
    batches.set_epoch(3)
    assert len(list(batches)) == len(whole)
