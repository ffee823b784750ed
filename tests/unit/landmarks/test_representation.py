"""Rows that a model reads: what they are worth, worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from sonar_sign.core.options import LandmarkOptions
from sonar_sign.landmarks.layouts import FACE, LEFT_HAND, POINTS, RIGHT_HAND
from sonar_sign.landmarks.representation import (
    fill_gaps,
    hash_of,
    represent,
    resampled,
    width,
)

EVERY_FRAME = LandmarkOptions(fps=24.0)
N = 85
XY, LOCAL, CONFIDENCE = slice(0, 170), slice(170, 328), slice(328, 413)


def still(n_frames=8, x=300.0, y=200.0, unit=100.0, seed=0):
    """`(n_frames, 85, 3)`: somebody who keeps still, shoulders `unit` apart around (x, y)."""
    rng = np.random.default_rng(seed)
    points = np.empty((n_frames, N, 3), np.float32)
    points[..., :2] = np.array([x, y]) + unit * rng.uniform(-1, 1, (N, 2))
    points[:, 0, :2] = x + unit / 2, y
    points[:, 1, :2] = x - unit / 2, y
    points[..., 2] = 0.8
    return points


def rows_of(points, options=EVERY_FRAME, fps=24.0):
    return represent(points, fps, options).rows


def xy_of(rows):
    return rows[:, XY].reshape(len(rows), N, 2)


def test_shoulders_are_half_a_unit_from_the_origin():
    rows = rows_of(still())
    assert rows.shape == (8, 413) == (8, width(EVERY_FRAME))
    assert np.allclose(xy_of(rows)[:, 0], (0.5, 0), atol=1e-5)
    assert np.allclose(xy_of(rows)[:, 1], (-0.5, 0), atol=1e-5)
    assert np.allclose(rows[:, CONFIDENCE], 0.8)


def test_where_and_how_large_somebody_is_makes_no_difference():
    near, far = still(), still(x=900, y=77, unit=31)
    assert np.allclose(rows_of(near), rows_of(far), atol=1e-4)


def test_origin_and_unit_are_of_the_clip_not_of_the_frame():
    points = still(9)
    points[4, :, 0] += 50  # leans to the side for a moment
    xy = xy_of(rows_of(points))
    assert np.allclose(xy[4, :, 0] - xy[0, :, 0], 0.5, atol=1e-5)


def test_a_shoulder_that_flies_away_once_changes_nothing_else():
    points, wild = still(9), still(9)
    wild[3, 0, :2] = 5000, -4000
    others = [n for n in range(9) if n != 3]
    assert np.allclose(rows_of(wild)[others], rows_of(points)[others], atol=1e-5)
    assert np.abs(rows_of(wild)[:, XY]).max() == 10


def test_a_hands_own_frame_has_no_place_and_no_size():
    points, moved = still(), still()
    middle = moved[:, LEFT_HAND, :2].mean(axis=1, keepdims=True)
    moved[:, LEFT_HAND, :2] = 3 * (moved[:, LEFT_HAND, :2] - middle) + middle + (40, -70)
    first, second = rows_of(points), rows_of(moved)
    assert np.allclose(first[:, LOCAL], second[:, LOCAL], atol=1e-4)
    assert not np.allclose(first[:, XY], second[:, XY], atol=0.1)
    for start, part in ((0, LEFT_HAND), (42, RIGHT_HAND), (84, FACE)):
        n = part.stop - part.start
        local = first[0, LOCAL][start : start + 2 * n].reshape(n, 2)
        assert np.allclose(local.mean(axis=0), 0, atol=1e-5)
        assert np.isclose((local**2).sum(axis=1).mean(), 1, atol=1e-4)


def test_a_hand_that_opens_grows_in_its_own_frame():
    """The unit is the clip's, so a change of size within it can be seen."""
    points = still(9)
    middle = points[:, LEFT_HAND, :2].mean(axis=1, keepdims=True)
    size = np.linspace(0.5, 1.5, 9)[:, None, None]
    points[:, LEFT_HAND, :2] = size * (points[:, LEFT_HAND, :2] - middle) + middle
    local = rows_of(points)[:, LOCAL][:, :42]
    radius = np.sqrt((local**2).sum(axis=1) / 21)
    assert np.allclose(radius, np.linspace(0.5, 1.5, 9), atol=1e-4)


def test_an_unsure_point_is_missing():
    points = still()
    points[:, 60, 2] = 0.05
    represented = represent(points, 24.0, EVERY_FRAME)
    assert represented.missing_points == 8
    assert not xy_of(represented.rows)[:, 60].any()
    assert not represented.rows[:, CONFIDENCE][:, 60].any()
    assert not represent(points, 24.0, replace(EVERY_FRAME, min_confidence=0.01)).missing_points


@pytest.mark.parametrize(("gap", "filled"), [(6, True), (7, False)])
def test_gaps_are_interpolated_up_to_the_limit(gap, filled):
    points = still(20)
    points[:, 30, 0] = np.arange(20) * 10.0  # moves on a line
    whole = xy_of(rows_of(points))[:, 30]
    points[5 : 5 + gap, 30] = 0
    represented = represent(points, 24.0, EVERY_FRAME)  # 0.25 s are six frames
    xy = xy_of(represented.rows)[:, 30]
    assert np.allclose(xy, whole, atol=1e-4) == filled
    assert (represented.missing_points, represented.interpolated_points) == (gap, gap * filled)
    # That it is a guess stays visible.
    assert not represented.rows[5 : 5 + gap, CONFIDENCE][:, 30].any()


def test_nothing_is_made_up_before_or_after_a_point_was_seen():
    points = still(10)
    points[:2, 30] = points[-2:, 30] = 0
    represented = represent(points, 24.0, EVERY_FRAME)
    assert represented.interpolated_points == 0
    assert not xy_of(represented.rows)[[0, 1, 8, 9], 30].any()


def test_gaps_by_hand():
    xy = np.array([0.0, 9, 9, 6, 9, 8]).reshape(6, 1, 1).repeat(2, axis=2)
    seen = np.array([1, 0, 0, 1, 0, 1], bool)[:, None]
    filled, there = fill_gaps(xy, seen, 2)
    assert filled[:, 0, 0].tolist() == [0, 2, 4, 6, 7, 8]
    assert there.all()
    filled, there = fill_gaps(xy, seen, 1)
    assert there[:, 0].tolist() == [True, False, False, True, True, True]


@pytest.mark.parametrize(
    ("n", "fps", "wanted", "moments"),
    [
        (6, 24, 12, [0, 2, 4]),
        (5, 24, 12, [0, 2]),
        (3, 12, 24, [0, 0.5, 1, 1.5, 2, 2]),
        (5, 25, 10, [0, 2.5]),
        (1, 24, 12, [0]),
        (4, 24, 24, [0, 1, 2, 3]),
    ],
)
def test_moments_of_another_rate(n, fps, wanted, moments):
    xy = np.arange(n, dtype=float).reshape(n, 1, 1).repeat(2, axis=2)
    there, confidence = np.ones((n, 1), bool), np.arange(n, dtype=float)[:, None]
    mixed, is_there, sureness = resampled(xy, there, confidence, wanted / fps)
    assert mixed[:, 0, 0].tolist() == moments
    assert sureness[:, 0].tolist() == moments
    assert is_there.all()


def test_a_moment_beside_a_missing_frame_has_the_nearer_one():
    xy = np.array([3.0, 0.0, 5.0]).reshape(3, 1, 1).repeat(2, axis=2)
    there = np.array([True, False, True])[:, None]
    mixed, is_there, confidence = resampled(xy, there, there * 1.0, 4.0)  # moments 0, 0.25, ...
    assert is_there[:, 0].tolist() == [True, True] + 4 * [False] + 6 * [True]
    assert mixed[:2, 0, 0].tolist() == [3, 3]
    assert mixed[6:, 0, 0].tolist() == 6 * [5]
    assert confidence[:, 0].tolist() == [1, 1, 0, 0, 0, 0] + 6 * [1]


def test_velocities_are_in_shoulder_widths_a_second():
    options = replace(EVERY_FRAME, fps=12.0, velocities=True)
    points = still(24)
    points[:, 40, 0] += np.arange(24) * 100 / 24  # a shoulder width a second
    points[10:20, 50] = 0
    rows = rows_of(points, options)
    assert rows.shape[1] == width(options) == 413 + 170
    velocity = rows[:, 413:].reshape(-1, N, 2)
    assert not velocity[0].any()
    assert np.allclose(velocity[1:, 40], (1, 0), atol=1e-3)
    # A point that comes or goes has none.
    assert not velocity[:, 50].any()


def nothing(points):
    represented = represent(points, 24.0, EVERY_FRAME)
    assert represented.rows.shape == (0, 413)
    return represented.reason


def test_a_clip_that_cannot_be_used_says_why():
    assert nothing(np.zeros((0, N, 3))) == "no_frames"
    assert nothing(np.zeros((5, N, 3))) == "no_person"
    one_shoulder = still()
    one_shoulder[:, 0] = 0
    assert nothing(one_shoulder) == "no_shoulders"
    at_one_place = still()
    at_one_place[:, 0] = at_one_place[:, 1]
    assert nothing(at_one_place) == "no_shoulders"


def test_shoulders_in_one_frame_are_enough():
    points = still(24)
    points[1:, 0] = 0
    assert len(rows_of(points)) == 24


def test_keypoints_for_half_the_frames():
    points = still(24)
    points[12:] = 0
    rows = rows_of(points, LandmarkOptions(fps=12.0))
    assert rows.shape == (12, 413)
    assert rows[:6, CONFIDENCE].all()
    assert not rows[6:].any()


def test_rows_are_finite_and_small_whatever_comes():
    rng = np.random.default_rng(0)
    points = rng.uniform(-1e6, 1e6, (30, N, 3)).astype(np.float32)
    points[..., 2] = rng.uniform(-1, 5, (30, N))
    rows = rows_of(points, replace(EVERY_FRAME, velocities=True, fps=13.7))
    assert len(rows)
    assert np.isfinite(rows).all()
    assert np.abs(rows).max() <= 50


def test_the_hash_is_of_what_the_columns_mean():
    options = LandmarkOptions()
    others = [
        replace(options, fps=24.0),
        replace(options, max_gap_s=0.5),
        replace(options, min_confidence=0.2),
        replace(options, velocities=True),
    ]
    assert len({hash_of(o) for o in [options, *others]}) == 5
    # One system can be trained on both.
    assert hash_of(replace(options, source="mediapipe")) == hash_of(options)
    assert len(POINTS) == N
