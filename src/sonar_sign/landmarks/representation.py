"""Converts keypoints in pixels to the rows that a model reads; see docs/landmarks.md.

A row is one time step at the target frame rate. Its columns, in this order:

- x and y of the 85 points: the origin is the midpoint of the shoulders, the unit is the distance
  of the shoulders, both as median over the clip;
- x and y of the points of each hand and of the face in local coordinates: the origin is the mean of
  the present points, the unit their root mean square distance from it, as median over the clip;
- the confidence of the 85 points, 0 where a point was not seen;
- with `velocities`, the velocities of the 85 points in shoulder widths per second.

All columns of a missing point are zero. Y points down, as in images. Where a source has no
shoulders at all, such as files with hands only, positions in shoulder widths are not known: the
first columns and the velocities are zero, the local ones and the confidences are there.
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
# In shoulder widths or local units; a point beyond it is a detection error.
_LIMIT = 10.0
# In shoulder widths per second.
_SPEED_LIMIT = 50.0


@dataclass(frozen=True)
class Represented:
    """The rows of one clip."""

    rows: np.ndarray
    """`(n_rows, width(options))` float32; no rows if the clip cannot be used."""
    missing_points: int
    """Points of source frames whose confidence is too low."""
    interpolated_points: int
    """Missing points that were interpolated."""
    reason: str = ""
    """Why there are no rows: `no_frames`, `no_person` or `no_shoulders`."""


def width(options: LandmarkOptions) -> int:
    """Number of columns of a row."""
    return 2 * len(POINTS) * (2 if options.velocities else 1) + 2 * _N_LOCAL + len(POINTS)


def hash_of(options: LandmarkOptions) -> str:
    """Hash of the meaning of the columns; independent of the source, so sources can be mixed."""
    settings = {key: value for key, value in asdict(options).items() if key != "source"}
    meaning = {"layout": NAME, "points": POINTS, "recipe": RECIPE, **settings}
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()


def represent(
    signing: np.ndarray, fps: float, options: LandmarkOptions, *, has_shoulders: bool = True
) -> Represented:
    """Compute the rows of one clip.

    Args:
        signing: `(n_frames, 85, 3)` x, y (pixels) and confidence of one person.
        fps: frames per second of `signing`.
        has_shoulders: whether the source has points for the shoulders at all.
    """
    xy, present, seen = seen_and_filled(signing, fps, options)
    missing = int((~seen).sum())
    space = _signing_space(signing, seen)
    if (space is None and has_shoulders) or not seen.any():
        nothing = np.empty((0, width(options)), np.float32)
        reason = "no_shoulders" if seen.any() else "no_person" if len(signing) else "no_frames"
        return Represented(nothing, missing, 0, reason)
    if space is not None:
        xy = (xy - space[0]) / space[1]
    interpolated = int((present & ~seen).sum())
    confidence = np.where(seen, signing[..., 2], 0.0)
    xy, present, confidence = resampled(xy, present, confidence, options.fps / fps)
    placed = present if space is not None else np.zeros_like(present)
    columns = [_flat(xy, placed, _LIMIT)]
    columns += [_flat(*_local(xy[:, part], present[:, part]), _LIMIT) for part in _PARTS]
    columns += [np.clip(confidence, 0.0, 1.0)]
    if options.velocities:
        columns += [_flat(*_velocity(xy, placed, options.fps), _SPEED_LIMIT)]
    rows = np.concatenate(columns, axis=1, dtype=np.float32)
    return Represented(rows, missing, interpolated)


def _signing_space(signing: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, float] | None:
    """Midpoint `(2,)` and distance of the shoulders, medians over the clip; None without them."""
    both = seen[:, LEFT_SHOULDER] & seen[:, RIGHT_SHOULDER]
    shoulders = signing[both][:, [LEFT_SHOULDER, RIGHT_SHOULDER], :2].astype(np.float64)
    distances = np.linalg.norm(shoulders[:, 0] - shoulders[:, 1], axis=1)
    if not (distances > 0).any():
        return None
    unit = np.median(distances[distances > 0])
    return np.median(shoulders.mean(axis=1), axis=0), unit


def seen_and_filled(
    signing: np.ndarray, fps: float, options: LandmarkOptions
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Apply the confidence threshold and interpolate short gaps.

    Args:
        signing: `(n_frames, 85, 3)` as for `represent`.

    Returns:
        `(n_frames, 85, 2)` float64 x and y in pixels; `(n_frames, 85)` which points are present
        (seen or interpolated); `(n_frames, 85)` which were seen.
    """
    seen = (signing[..., 2] >= options.min_confidence) & (signing[..., 2] > 0)
    # The epsilon makes 0.25 s at 24 frames per second exactly six frames.
    limit = int(options.max_gap_s * fps + 1e-6)
    xy, present = fill_gaps(signing[..., :2].astype(np.float64), seen, limit)
    return xy, present, seen


def fill_gaps(xy: np.ndarray, seen: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Interpolate gaps of at most `limit` frames linearly.

    Args:
        xy: `(n_frames, n_points, 2)`.
        seen: `(n_frames, n_points)`, which points were seen.

    Returns:
        `xy` with the gaps filled, and `(n_frames, n_points)` which points are present now. A
        point stays missing before it is first seen and after it is last seen.
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
    xy: np.ndarray, present: np.ndarray, confidence: np.ndarray, rate: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Resample frames 0, 1, 2 ... to the times `0, 1 / rate, 2 / rate ...` (in frames).

    A point is interpolated linearly if it is present in both neighbouring frames; otherwise the
    nearer frame's value is used.
    """
    n = len(xy)
    moments = np.arange(max(1, round(n * rate))) / rate
    moments = np.minimum(moments, n - 1)
    first = np.floor(moments + 1e-6).astype(int)
    last = np.minimum(first + 1, n - 1)
    weight = np.clip(moments - first, 0.0, 1.0)[:, None]
    both = present[first] & present[last]
    weight = np.where(both, weight, weight >= 0.5)
    mixed = (1 - weight)[..., None] * xy[first] + weight[..., None] * xy[last]
    is_present = np.where(weight >= 0.5, present[last], present[first])
    return mixed, is_present, (1 - weight) * confidence[first] + weight * confidence[last]


def _local(xy: np.ndarray, present: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The points of a part in local coordinates (see the module's docstring)."""
    weight = present[..., None].astype(xy.dtype)
    n = np.maximum(weight.sum(axis=1), 1)
    from_middle = (xy - (weight * xy).sum(axis=1, keepdims=True) / n[:, None]) * weight
    radius = np.sqrt((from_middle**2).sum(axis=(1, 2)) / n[:, 0])
    usable = radius > 0
    unit = np.median(radius[usable]) if usable.any() else 1.0
    return from_middle / unit, present


def _velocity(xy: np.ndarray, present: np.ndarray, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """Change since the previous row, per second; zero in the first row."""
    velocity = np.zeros_like(xy)
    velocity[1:] = fps * np.diff(xy, axis=0)
    moving = np.zeros_like(present)
    moving[1:] = present[1:] & present[:-1]
    return velocity, moving


def _flat(values: np.ndarray, present: np.ndarray, limit: float) -> np.ndarray:
    kept = np.where(present[..., None], np.clip(values, -limit, limit), 0.0)
    return kept.reshape(len(kept), -1)
