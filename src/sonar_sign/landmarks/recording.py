"""The keypoints of one clip, independent of tool and file format, and the choice of the signer."""

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

# Maximum distance, in shoulder widths, between the positions of the signer in consecutive frames.
# Two people who stand side by side are farther apart.
MAX_MOVE = 1.0


@dataclass(frozen=True)
class Recording:
    """The persons in every frame of a clip."""

    layout: Layout
    """Which points each person has."""
    fps: float
    """Frames per second."""
    frames: Sequence[np.ndarray]
    """Per frame `(n_people, n_points, 3)`: x, y (pixels), confidence. `n_people` is 0 for a frame
    that is missing or unreadable."""
    missing_frames: int = 0
    """Frames without any data."""
    unreadable_frames: int = 0
    """Frames whose data cannot be read."""
    other_length: bool = False
    """The number of frames differs from the manifest."""
    has_shoulders: bool = True
    """The source has points for the shoulders, seen or not; hands alone have none."""


@dataclass(frozen=True)
class Signer:
    """The points of the person that was chosen as the signer."""

    points: np.ndarray
    """`(n_frames, n_points, 3)` as in `Recording`; zeros in frames without the signer."""
    signing: np.ndarray
    """`(n_frames, 85, 3)`, the points of `layouts.POINTS`."""
    fps: float
    """Frames per second."""
    without_people: int
    """Frames without a person."""
    several_people: int
    """Frames with more than one person."""
    lost: int = field(default=0)
    """Frames with persons of whom none is the signer."""


def choose_signer(recording: Recording) -> Signer:
    """Choose the signer of a clip.

    If no frame has more than one person, each frame's person is the signer. Otherwise the most
    prominent person of any frame is the signer (confidence of the body times its extent), and is
    tracked from there forwards and backwards: in each frame the nearest person, at most `MAX_MOVE`
    shoulder widths from the last position.
    """
    frames = [_detected(cleaned(frame)) for frame in recording.frames]
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


def _detected(people: np.ndarray) -> np.ndarray:
    """Persons with at least one detected point."""
    return people[people[:, :, 2].any(axis=1)]


def _followed(frames: list[np.ndarray]) -> np.ndarray:
    """Index of the signer in each frame, -1 in frames without the signer."""
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
    """Midpoint of the shoulders, else mean of all detected points, else NaN."""
    shoulders = person[[LEFT_SHOULDER, RIGHT_SHOULDER]]
    seen = shoulders if (shoulders[:, 2] > 0).all() else person[person[:, 2] > 0]
    return seen[:, :2].mean(axis=0) if len(seen) else np.full(2, np.nan)


def _width(person: np.ndarray) -> float:
    """Distance of the shoulders, else half the extent of the detected points."""
    shoulders = person[[LEFT_SHOULDER, RIGHT_SHOULDER]]
    if (shoulders[:, 2] > 0).all():
        return float(np.linalg.norm(shoulders[0, :2] - shoulders[1, :2]))
    seen = person[person[:, 2] > 0]
    return float(np.linalg.norm(np.ptp(seen[:, :2], axis=0)) / 2)
