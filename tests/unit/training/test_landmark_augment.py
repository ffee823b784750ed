"""Augmentation of landmarks: what it changes, and what it must not."""

from dataclasses import replace

import numpy as np
import pytest
from landmark_shards import STILL, WIDTH

from sonar_sign.core.options import LandmarkAugmentOptions, LandmarkOptions
from sonar_sign.landmarks.layouts import POINTS
from sonar_sign.landmarks.representation import width
from sonar_sign.training.landmark_augment import CONFIDENCE, LOCAL, PLACES, VELOCITIES, augment


@pytest.fixture
def rows():
    return np.random.default_rng(0).normal(1, 0.1, size=(24, WIDTH)).astype(np.float32)


def augmented(rows, seed=1, **changes):
    return augment(rows, replace(STILL, **changes), np.random.default_rng(seed))


def test_the_columns_are_the_representations():
    assert CONFIDENCE.stop == WIDTH
    with_velocities = width(LandmarkOptions(velocities=True))
    assert VELOCITIES.start + 2 * len(POINTS) == with_velocities


def test_zeros_change_nothing(rows):
    before = rows.copy()
    assert np.allclose(augmented(rows), rows, atol=1e-6)
    assert np.array_equal(rows, before)


def test_a_shift_moves_places_by_one_vector_and_nothing_else(rows):
    moved = augmented(rows, shift=0.5) - rows
    by_point = moved[:, PLACES].reshape(-1, 2)
    assert np.allclose(by_point, by_point[0], atol=1e-5) and np.abs(by_point[0]).max() > 0.01
    assert np.abs(by_point[0]).max() <= 0.5
    assert np.allclose(moved[:, LOCAL], 0, atol=1e-5) and np.allclose(moved[:, CONFIDENCE], 0)


def test_a_turn_keeps_distances(rows):
    turned = augmented(rows, rotation_deg=40)
    for columns in (PLACES, LOCAL):
        before, after = (x[:, columns].reshape(len(rows), -1, 2) for x in (rows, turned))
        assert np.allclose(np.hypot(*before.T), np.hypot(*after.T), atol=1e-4)
        assert not np.allclose(before, after, atol=1e-2)


def test_missing_points_stay_missing(rows):
    rows[:, [0, 1, 40, 41]] = 0
    rows[5:9, PLACES] = 0
    # All at once, but for what changes time.
    options = replace(LandmarkAugmentOptions(), speed=0, drop_frames=0, drop_part=0, drop_points=0)
    changed = augment(rows, options, np.random.default_rng(3))
    assert np.array_equal(changed[:, PLACES] == 0, rows[:, PLACES] == 0)


def test_a_missing_side_is_not_half_there(rows):
    rows[::2, PLACES] = 0
    changed = augmented(rows, speed=0.4)
    seen = changed[:, PLACES]
    assert ((seen == 0) | (seen > 0.5)).all()


def test_speed_and_dropped_rows_change_the_length(rows):
    lengths = {len(augmented(rows, seed, speed=0.3)) for seed in range(20)}
    assert min(lengths) < 24 < max(lengths)
    assert {len(augmented(rows, seed, drop_frames=0.5)) for seed in range(20)} <= set(range(4, 25))
    assert len(augmented(rows[:2], speed=0.3)) == 2


def test_dropped_points_lose_all_their_columns(rows):
    changed = augmented(rows, drop_points=0.9)
    gone = np.flatnonzero((changed[:, CONFIDENCE] == 0).all(axis=0))
    assert 0 < len(gone) < len(POINTS)
    assert (changed[:, 2 * gone] == 0).all() and (changed[:, 2 * gone + 1] == 0).all()
    kept = np.setdiff1d(np.arange(len(POINTS)), gone)
    assert (changed[:, 2 * kept] != 0).all()
    n_local = sum(name.startswith(("left_hand", "right_hand", "face")) for name in POINTS)
    local_gone = (changed[:, LOCAL].reshape(len(rows), n_local, 2) == 0).all(axis=(0, 2)).sum()
    assert local_gone == sum(not POINTS[p].endswith(("shoulder", "elbow", "hip")) for p in gone)


def test_a_part_is_gone_for_a_while(rows):
    changed = augmented(rows, drop_part=1.0)
    missing = (changed[:, CONFIDENCE] == 0).sum(axis=1)
    assert set(missing) in ({0, 21}, {0, 37})
    assert 0 < (missing > 0).sum() <= 7


def test_the_seed_decides(rows):
    options = LandmarkAugmentOptions()
    found = [augment(rows, options, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert np.array_equal(found[0], found[1])
    assert found[0].shape != found[2].shape or not np.array_equal(found[0], found[2])
