"""Training landmarks changed as other signers, cameras and detectors would have them.

Rows are those of `sonar_sign.landmarks.representation`; a point that is not there is zeros, and
stays so.
"""

import numpy as np

from sonar_sign.core.options import LandmarkAugmentOptions
from sonar_sign.landmarks.layouts import FACE, LEFT_HAND, POINTS, RIGHT_HAND

_N = len(POINTS)
_PARTS = (LEFT_HAND, RIGHT_HAND, FACE)
_N_LOCAL = sum(part.stop - part.start for part in _PARTS)
PLACES = slice(0, 2 * _N)
LOCAL = slice(PLACES.stop, PLACES.stop + 2 * _N_LOCAL)
CONFIDENCE = slice(LOCAL.stop, LOCAL.stop + _N)
VELOCITIES = slice(CONFIDENCE.stop, None)
FEWEST_ROWS = 4


def augment(
    rows: np.ndarray, options: LandmarkAugmentOptions, rng: np.random.Generator
) -> np.ndarray:
    """A changed copy: first time, then places, then what is missing.

    Args:
        rows: `(n, dim)` float32.

    Returns:
        `(m, dim)` float32, where `m` differs from `n` by the change of speed and dropped rows.
    """
    rows = _retimed(rows, options, rng)
    _move(rows, options, rng)
    _drop_parts(rows, options, rng)
    return rows


def _retimed(
    rows: np.ndarray, options: LandmarkAugmentOptions, rng: np.random.Generator
) -> np.ndarray:
    """Another speed, and a share of the moments left out."""
    n = len(rows)
    if n < FEWEST_ROWS:
        return rows.copy()
    speed = np.exp(rng.uniform(-options.speed, options.speed))
    moments = np.linspace(0, n - 1, max(FEWEST_ROWS, round(n / speed)))
    kept = rng.random(len(moments)) >= options.drop_frames * rng.random()
    if kept.sum() >= FEWEST_ROWS:
        moments = moments[kept]
    first = np.minimum(moments.astype(int), n - 2)
    weight = (moments - first)[:, None].astype(np.float32)
    before, after = rows[first], rows[first + 1]
    mixed = before + weight * (after - before)
    # A point that is missing on one side is not half there.
    nearer = np.where(weight >= 0.5, after, before)
    return np.where((before != 0) & (after != 0), mixed, nearer)


def _move(rows: np.ndarray, options: LandmarkAugmentOptions, rng: np.random.Generator) -> None:
    """Turn, scale and shift all points, and each a little by itself."""
    angle = np.deg2rad(rng.uniform(-options.rotation_deg, options.rotation_deg))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    # A hand's own size is 1 whatever the scale, so only its direction is changed.
    scale = turn * (1 + rng.uniform(-options.scale, options.scale, 2))
    shift = rng.uniform(-options.shift, options.shift, 2)
    for columns, matrix, offset in (
        (PLACES, scale, shift),
        (LOCAL, turn, 0.0),
        (VELOCITIES, scale, 0.0),
    ):
        points = rows[:, columns].reshape(len(rows), -1, 2)
        there = (points != 0).any(axis=2, keepdims=True)
        noise = options.noise * rng.standard_normal(points.shape, np.float32)
        moved = there * (points @ matrix.astype(np.float32) + offset + noise)
        rows[:, columns] = moved.reshape(len(rows), -1)


def _drop_parts(
    rows: np.ndarray, options: LandmarkAugmentOptions, rng: np.random.Generator
) -> None:
    """A hand or the face is not found for a while, or single points never are."""
    if rng.random() < options.drop_part:
        part = _PARTS[rng.integers(len(_PARTS))]
        first = rng.integers(len(rows))
        last = first + 1 + rng.integers(max(1, len(rows) // 4))
        _blank(rows[first:last], np.arange(part.start, part.stop))
    _blank(rows, np.flatnonzero(rng.random(_N) < options.drop_points * rng.random()))


def _blank(rows: np.ndarray, points: np.ndarray) -> None:
    """Make points missing in all columns, in place."""
    local = _LOCAL_OF[points]
    local = local[local >= 0]
    for start, numbers in (
        (PLACES.start, points),
        (LOCAL.start, local),
        (VELOCITIES.start, points if rows.shape[1] > VELOCITIES.start else points[:0]),
    ):
        rows[:, start + 2 * numbers] = 0
        rows[:, start + 2 * numbers + 1] = 0
    rows[:, CONFIDENCE.start + points] = 0


# A point's number among those that have places in a frame of their own; -1: it has none.
_LOCAL_OF = np.full(_N, -1)
_LOCAL_OF[np.concatenate([np.arange(part.start, part.stop) for part in _PARTS])] = np.arange(
    _N_LOCAL
)
