"""Reads and writes `.pose` files with the package pose-format.

The format is described at https://github.com/sign-language-processing/pose. Files with all or
some of the points of MediaPipe Holistic or OpenPose are read: points are identified by their
names, and points that a file lacks count as not seen.
"""

import math
import struct
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import atomic_write
from sonar_sign.landmarks.layouts import LAYOUTS, Layout
from sonar_sign.landmarks.recording import Recording

# Exceptions that pose-format raises for invalid or truncated files.
_UNREADABLE = (struct.error, ValueError, IndexError, KeyError, TypeError, OverflowError, OSError)
_UNREADABLE += (NotImplementedError, MemoryError, AttributeError)


class PoseFileError(Exception):
    """A file that cannot be used; `reason` is `unreadable` or `unknown_points`."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


@cache
def pose_format() -> ModuleType:
    """Import the package pose-format.

    Raises:
        UserError: it is not installed.
    """
    try:
        import pose_format
        import pose_format.numpy
        import pose_format.pose_header
    except ImportError as error:
        raise UserError(
            "pose-format is not installed; install it with: make setup, or pip install pose-format."
        ) from error
    return pose_format


def read_pose(path: Path, span_s: tuple[float, float] | None = None) -> Recording:
    """Read all frames of a file, or those of a span (start and end in seconds).

    Raises:
        PoseFileError: the file cannot be read, or has points of neither MediaPipe nor OpenPose.
        UserError: pose-format is not installed.
    """
    package = pose_format()
    try:
        pose = package.Pose.read(Path(path).read_bytes())
        fps = float(pose.body.fps)
        xy = np.ma.getdata(pose.body.data)[..., :2].astype(np.float32)
        confidence = np.asarray(pose.body.confidence, np.float32)
    except _UNREADABLE as error:
        raise PoseFileError("unreadable") from error
    if not 0 < fps < 1000 or xy.ndim != 4 or xy.shape[:3] != confidence.shape:
        raise PoseFileError("unreadable")
    layout, sources, targets = _known_points(pose.header.components)
    points = np.zeros((*xy.shape[:2], layout.n_points, 3), np.float32)
    points[:, :, targets, :2] = xy[:, :, sources]
    points[:, :, targets, 2] = confidence[:, :, sources]
    frames, nobody = list(points), np.zeros((0, layout.n_points, 3), np.float32)
    missing = 0
    if span_s is not None:
        start, end = (round(second * fps) for second in span_s)
        missing = max(0, end - len(frames)) - max(0, start - len(frames))
        frames = frames[start:end] + [nobody] * missing
    return Recording(layout, fps, frames, missing_frames=missing)


def _known_points(components: Any) -> tuple[Layout, list[int], list[int]]:
    """The layout of a file, and the indices of its points in the file and in the layout."""
    for layout in LAYOUTS:
        places = {
            (part, name): number
            for number, (part, name) in enumerate(
                (part, name) for part, names in layout.names.items() for name in names
            )
        }
        here = [(part.name, name) for part in components for name in part.points]
        known = [(number, places[key]) for number, key in enumerate(here) if key in places]
        if known:
            sources, targets = zip(*known, strict=True)
            return layout, list(sources), list(targets)
    raise PoseFileError("unknown_points")


def write_pose(
    path: Path,
    points: np.ndarray,
    layout: Layout,
    fps: float,
    size: tuple[int, int] | None = None,
) -> None:
    """Write the points of one person.

    Args:
        points: `(n_frames, n_points, 3)` x, y (pixels) and confidence.
        fps: frames per second.
        size: width and height of the image; default: just large enough for all points.

    Raises:
        UserError: pose-format is not installed.
    """
    package = pose_format()
    header = package.pose_header
    if size is None:
        size = tuple(
            max(1, min(65535, math.ceil(float(points[..., axis].max(initial=1)))))
            for axis in (0, 1)
        )
    components = [
        header.PoseHeaderComponent(part, list(names), [], [], "XYC")
        for part, names in layout.names.items()
    ]
    described = header.PoseHeader(0.2, header.PoseHeaderDimensions(*size), components)
    people = points[:, None].astype(np.float32)
    body = package.numpy.NumPyPoseBody(fps, people[..., :2], people[..., 2])
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        package.Pose(described, body).write(file)
