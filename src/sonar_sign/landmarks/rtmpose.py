"""Reads RTMPose's keypoints as Uni-Sign publishes them: one pickle per clip.

A pickle is a dict with `keypoints`, for each frame `(n_people, 133, 2)` divided by the width and
the height of the frame, and `scores`, for each frame `(n_people, 133)`. The points are those of
COCO-WholeBody, in its order. It is opened as plain data with NumPy arrays and nothing else.
"""

from pathlib import Path
from typing import Any

import numpy as np

from sonar_sign.core.plain_pickles import PickleError, load_plain
from sonar_sign.landmarks.layouts import COCO
from sonar_sign.landmarks.pose_files import MAX_CLIP_FRAMES, MAX_PEOPLE, PoseFileError
from sonar_sign.landmarks.recording import Recording

# Beyond it coordinates are no shares of a frame but pixels, as RTMPose itself gives them.
MAX_SHARE = 10.0


def read_rtmpose(
    path: Path,
    fps: float,
    size: tuple[int, int],
    frames: tuple[int, int] | None = None,
) -> Recording:
    """Read all frames of a file, or those of a range (the last one exclusive).

    Args:
        fps: frames per second of the video; the file does not say.
        size: width and height of the video in pixels.

    Raises:
        PoseFileError: the file is damaged, holds anything but arrays and plain data, or has another
            number of points.
    """
    try:
        content = load_plain(path, arrays=True)
    except (PickleError, OSError) as error:
        raise PoseFileError("unreadable") from error
    if not isinstance(content, dict) or not {"keypoints", "scores"} <= content.keys():
        raise PoseFileError("unreadable")
    points = [*map(_listed, (content["keypoints"], content["scores"]))]
    if len(points[0]) != len(points[1]) or len(points[0]) > MAX_CLIP_FRAMES:
        raise PoseFileError("unreadable")
    missing = 0
    if frames is not None:
        start, end = frames
        missing = max(0, end - len(points[0])) - max(0, start - len(points[0]))
        points = [of_frames[start:end] for of_frames in points]
    if missing > MAX_CLIP_FRAMES:
        raise PoseFileError("unreadable")
    with np.errstate(over="ignore", invalid="ignore"):  # `layouts.cleaned` drops such points
        found = [_people(*pair) for pair in zip(*points, strict=True)]
        _to_pixels(found, size)
    nobody = np.zeros((0, COCO.n_points, 3), np.float32)
    return Recording(COCO, fps, found + [nobody] * missing, missing_frames=missing)


def _listed(of_frames: Any) -> list[Any]:
    if isinstance(of_frames, list | tuple):
        return [*of_frames]
    if isinstance(of_frames, np.ndarray) and of_frames.ndim:
        return [*of_frames]
    raise PoseFileError("unreadable")


def _people(keypoints: Any, scores: Any) -> np.ndarray:
    """`(n_people, 133, 3)` of one frame; one person may stand without an axis of people."""
    try:
        xy = np.asarray(keypoints, np.float32)
        confidence = np.asarray(scores, np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        raise PoseFileError("unreadable") from error
    if xy.size == 0 and confidence.size == 0:
        return np.zeros((0, COCO.n_points, 3), np.float32)
    xy = xy[None] if xy.ndim == 2 else xy
    confidence = confidence[None] if confidence.ndim == 1 else confidence
    if xy.ndim != 3 or xy.shape[2] != 2 or xy.shape[:2] != confidence.shape:
        raise PoseFileError("unreadable")
    if xy.shape[1] != COCO.n_points:
        raise PoseFileError("unknown_points")
    if len(xy) > MAX_PEOPLE:
        raise PoseFileError("unreadable")
    return np.concatenate([xy, confidence[..., None]], axis=2)


def _to_pixels(frames: list[np.ndarray], size: tuple[int, int]) -> None:
    """Multiply shares of a frame by its size, in place; scores above 1 become 1."""
    seen = [frame[..., :2][frame[..., 2] > 0] for frame in frames]
    coordinates = np.concatenate(seen) if seen else np.empty((0, 2))
    coordinates = coordinates[np.isfinite(coordinates).all(axis=1)]
    are_shares = not len(coordinates) or np.median(np.abs(coordinates)) <= MAX_SHARE
    for frame in frames:
        if are_shares:
            frame[..., :2] *= np.array(size, np.float32)
        frame[..., 2] = np.minimum(frame[..., 2], 1.0)
