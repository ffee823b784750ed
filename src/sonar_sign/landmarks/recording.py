"""What a keypoint tool saw in one clip, whichever tool and file format it was."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sonar_sign.landmarks.layouts import (
    BODY,
    LEFT_SHOULDER,
    RIGHT_SHOULDER,
    Layout,
    cleaned,
)

# How far, in shoulder widths, a signer may be from where they were last seen. Farther is somebody
# else: two people who stand side by side are farther apart.
MAX_MOVE = 1.0


@dataclass(frozen=True)
class Recording:
    """The people in every frame of a clip."""

    layout: Layout
    fps: float
    frames: Sequence[np.ndarray]
    """`(n_people, n_points, 3)` a frame: x, y (pixels), confidence. No people in a frame that is
    missing or cannot be read."""
    missing_frames: int = 0
    """Frames of which nothing is there."""
    unreadable_frames: int = 0
    """Frames of which something is there that cannot be read."""
    other_length: bool = False
    """There are more or fewer frames than the manifest says."""


@dataclass(frozen=True)
class Signer:
    """One person's points, chosen among those in view."""

    points: np.ndarray
    """`(n_frames, n_points, 3)` as in `Recording`; zeros where the person is not seen."""
    signing: np.ndarray
    """`(n_frames, 85, 3)`, the points of `layouts.POINTS`."""
    fps: float
    without_people: int
    """Frames without anybody."""
    several_people: int
    """Frames with more than one person."""
    lost: int = field(default=0)
    """Frames with people none of whom is the signer."""


def choose_signer(recording: Recording) -> Signer:
    """The signer of a clip.

    Where nobody ever has company, it is the one who is there. Elsewhere it is the person that is
    largest and most surely seen in any frame (confidence of the body times its extent), followed
    from there to both ends: the next is the nearest one, at most a shoulder width away.
    """
    frames = [_there(cleaned(frame)) for frame in recording.frames]
    counts = np.array([len(frame) for frame in frames], dtype=int)
    reduced = [recording.layout.reduced(frame) for frame in frames]
    chosen = _followed(reduced) if (counts > 1).any() else np.where(counts > 0, 0, -1)
    n_points = recording.layout.n_points
    points = np.zeros((len(frames), n_points, 3), np.float32)
    signing = np.zeros((len(frames), 85, 3), np.float32)
    for number, person in enumerate(chosen):
        if person >= 0:
            points[number] = frames[number][person]
            signing[number] = reduced[number][person]
    return Signer(
        points,
        signing,
        recording.fps,
        without_people=int((counts == 0).sum()),
        several_people=int((counts > 1).sum()),
        lost=int(((chosen < 0) & (counts > 0)).sum()),
    )


def _there(people: np.ndarray) -> np.ndarray:
    """Those of whom anything is seen."""
    return people[people[:, :, 2].any(axis=1)]


def _followed(frames: list[np.ndarray]) -> np.ndarray:
    """The number of the signer in each frame, -1 where they are not."""
    prominence = [[_prominence(person) for person in frame] for frame in frames]
    start = int(np.argmax([max(scores, default=0.0) for scores in prominence]))
    chosen = np.full(len(frames), -1)
    chosen[start] = int(np.argmax(prominence[start]))
    first = frames[start][chosen[start]]
    reach = MAX_MOVE * _width(first)
    for numbers in (range(start + 1, len(frames)), range(start - 1, -1, -1)):
        last = _middle(first)
        for number in numbers:
            middles = np.array([_middle(person) for person in frames[number]]).reshape(-1, 2)
            distances = np.linalg.norm(middles - last, axis=1)
            distances[np.isnan(distances)] = np.inf
            if len(distances) and distances.min() <= reach:
                chosen[number] = int(np.argmin(distances))
                last = middles[chosen[number]]
    return chosen


def _prominence(person: np.ndarray) -> float:
    body = person[BODY]
    seen = body[body[:, 2] > 0]
    return float(seen[:, 2].sum() * np.linalg.norm(np.ptp(seen[:, :2], axis=0))) if len(seen) else 0


def _middle(person: np.ndarray) -> np.ndarray:
    """The middle of the shoulders; of all points that are seen where these are not; else NaN."""
    shoulders = person[[LEFT_SHOULDER, RIGHT_SHOULDER]]
    seen = shoulders if (shoulders[:, 2] > 0).all() else person[person[:, 2] > 0]
    return seen[:, :2].mean(axis=0) if len(seen) else np.full(2, np.nan)


def _width(person: np.ndarray) -> float:
    """The distance of the shoulders; half the extent of what is seen where these are not."""
    shoulders = person[[LEFT_SHOULDER, RIGHT_SHOULDER]]
    if (shoulders[:, 2] > 0).all():
        return float(np.linalg.norm(shoulders[0, :2] - shoulders[1, :2]))
    seen = person[person[:, 2] > 0]
    return float(np.linalg.norm(np.ptp(seen[:, :2], axis=0)) / 2)
