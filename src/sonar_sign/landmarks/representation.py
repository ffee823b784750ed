"""From points in pixels to what a model reads; docs/landmarks.md has the table.

A row is a moment of a clip, at the target frame rate. Its columns, in this order:

- x and y of the 85 points: the origin is the middle of the shoulders and the unit the distance of
  the shoulders, each the median over the clip;
- x and y of the points of each hand and of the face in a frame of their own: the origin is the
  middle of the points that are there, the unit their distance from it (the root of the mean
  square), the median over the clip;
- the confidence of the 85 points, 0 where a point was not seen;
- with velocities, those of the first columns, in shoulder widths a second.

A point that is not there is zeros everywhere. Y points down, as in pictures.
"""

import hashlib
import json
from dataclasses import asdict, dataclass

import numpy as np

from sonar_sign.core.options import LandmarkOptions
from sonar_sign.landmarks.layouts import (
    FACE,
    LEFT_HAND,
    LEFT_SHOULDER,
    NAME,
    POINTS,
    RIGHT_HAND,
    RIGHT_SHOULDER,
)

RECIPE = 1
_PARTS = (LEFT_HAND, RIGHT_HAND, FACE)
_N_LOCAL = sum(part.stop - part.start for part in _PARTS)
# In shoulder widths or in a part's own unit; beyond it a point is an error of the detector.
_LIMIT = 10.0
# In shoulder widths a second.
_SPEED_LIMIT = 50.0


@dataclass(frozen=True)
class Represented:
    """A clip as a model reads it."""

    rows: np.ndarray
    """`(n_rows, width(options))` float32; no rows where the clip cannot be used."""
    missing_points: int
    """Points of source frames that were not seen surely enough."""
    interpolated_points: int
    """Those of them that were put in between others."""
    reason: str = ""
    """Why there are no rows: `no_frames`, `no_person` or `no_shoulders`."""


def width(options: LandmarkOptions) -> int:
    """The number of columns."""
    return 2 * len(POINTS) * (2 if options.velocities else 1) + 2 * _N_LOCAL + len(POINTS)


def hash_of(options: LandmarkOptions) -> str:
    """A hash of what the columns mean. The source is no part of it: sources can be mixed."""
    settings = {key: value for key, value in asdict(options).items() if key != "source"}
    meaning = {"layout": NAME, "points": POINTS, "recipe": RECIPE, **settings}
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()


def represent(signing: np.ndarray, fps: float, options: LandmarkOptions) -> Represented:
    """The rows of one clip.

    Args:
        signing: `(n_frames, 85, 3)` x, y (pixels) and confidence, of one person.
        fps: frames a second.
    """
    xy, there, seen = seen_and_filled(signing, fps, options)
    missing = int((~seen).sum())
    both = seen[:, LEFT_SHOULDER] & seen[:, RIGHT_SHOULDER]
    shoulders = signing[both][:, [LEFT_SHOULDER, RIGHT_SHOULDER], :2].astype(np.float64)
    distances = np.linalg.norm(shoulders[:, 0] - shoulders[:, 1], axis=1)
    if not (distances > 0).any():
        nothing = np.empty((0, width(options)), np.float32)
        reason = "no_shoulders" if seen.any() else "no_person" if len(signing) else "no_frames"
        return Represented(nothing, missing, 0, reason)
    unit = np.median(distances[distances > 0])
    xy = (xy - np.median(shoulders.mean(axis=1), axis=0)) / unit
    interpolated = int((there & ~seen).sum())
    confidence = np.where(seen, signing[..., 2], 0.0)
    xy, there, confidence = resampled(xy, there, confidence, options.fps / fps)
    columns = [_flat(xy, there, _LIMIT)]
    columns += [_flat(*_local(xy[:, part], there[:, part]), _LIMIT) for part in _PARTS]
    columns += [np.clip(confidence, 0.0, 1.0)]
    if options.velocities:
        columns += [_flat(*_velocity(xy, there, options.fps), _SPEED_LIMIT)]
    rows = np.concatenate(columns, axis=1, dtype=np.float32)
    return Represented(rows, missing, interpolated)


def seen_and_filled(
    signing: np.ndarray, fps: float, options: LandmarkOptions
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which points count as seen, and which are there with those that are interpolated.

    Args:
        signing: `(n_frames, 85, 3)` as for `represent`.

    Returns:
        `(n_frames, 85, 2)` float64 x and y in pixels; `(n_frames, 85)` which are there, and which
        of them were seen.
    """
    seen = (signing[..., 2] >= options.min_confidence) & (signing[..., 2] > 0)
    # 0.25 s of 24 frames a second are six frames, whatever floats make of it.
    limit = int(options.max_gap_s * fps + 1e-6)
    xy, there = fill_gaps(signing[..., :2].astype(np.float64), seen, limit)
    return xy, there, seen


def fill_gaps(xy: np.ndarray, seen: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Put points into gaps of at most `limit` frames, on a straight line between its ends.

    Args:
        xy: `(n_frames, n_points, 2)`.
        seen: `(n_frames, n_points)`, which of them are there.

    Returns:
        The same two arrays, with more points there. What comes before a point is first seen, or
        after it is last seen, stays empty.
    """
    n = len(seen)
    frames = np.arange(n)[:, None]
    before = np.maximum.accumulate(np.where(seen, frames, -1), axis=0)
    after = np.minimum.accumulate(np.where(seen, frames, n)[::-1], axis=0)[::-1]
    fill = ~seen & (before >= 0) & (after < n) & (after - before - 1 <= limit)
    frame, point = np.nonzero(fill)
    first, last = before[frame, point], after[frame, point]
    weight = ((frame - first) / (last - first))[:, None]
    filled = xy.copy()
    filled[frame, point] = (1 - weight) * xy[first, point] + weight * xy[last, point]
    return filled, seen | fill


def resampled(
    xy: np.ndarray, there: np.ndarray, confidence: np.ndarray, rate: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The moments `0, 1 / rate, 2 / rate ...` of a clip whose frames are at 0, 1, 2 ...

    A moment between two frames is a mixture of both where a point is in both, else it is what the
    nearer one has.
    """
    n = len(xy)
    moments = np.arange(max(1, round(n * rate))) / rate
    moments = np.minimum(moments, n - 1)
    first = np.floor(moments + 1e-6).astype(int)
    last = np.minimum(first + 1, n - 1)
    weight = np.clip(moments - first, 0.0, 1.0)[:, None]
    both = there[first] & there[last]
    weight = np.where(both, weight, weight >= 0.5)
    mixed = (1 - weight)[..., None] * xy[first] + weight[..., None] * xy[last]
    is_there = np.where(weight >= 0.5, there[last], there[first])
    return mixed, is_there, (1 - weight) * confidence[first] + weight * confidence[last]


def _local(xy: np.ndarray, there: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A part's points in a frame of their own."""
    weight = there[..., None].astype(xy.dtype)
    n = np.maximum(weight.sum(axis=1), 1)
    from_middle = (xy - (weight * xy).sum(axis=1, keepdims=True) / n[:, None]) * weight
    radius = np.sqrt((from_middle**2).sum(axis=(1, 2)) / n[:, 0])
    usable = radius > 0
    unit = np.median(radius[usable]) if usable.any() else 1.0
    return from_middle / unit, there


def _velocity(xy: np.ndarray, there: np.ndarray, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """Change since the row before; the first row has none."""
    velocity = np.zeros_like(xy)
    velocity[1:] = fps * np.diff(xy, axis=0)
    moving = np.zeros_like(there)
    moving[1:] = there[1:] & there[:-1]
    return velocity, moving


def _flat(values: np.ndarray, there: np.ndarray, limit: float) -> np.ndarray:
    kept = np.where(there[..., None], np.clip(values, -limit, limit), 0.0)
    return kept.reshape(len(kept), -1)
