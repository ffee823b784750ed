"""Reads and writes `.pose` files with the package pose-format.

The format is described at https://github.com/sign-language-processing/pose. Files with all or
some of the points of MediaPipe Holistic, OpenPose or COCO-WholeBody are read: points are identified
by their names, and points that a file lacks count as not seen.
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
_UNREADABLE += (NotImplementedError, MemoryError, AttributeError, ArithmeticError)

# Four hours of MediaPipe's 576 points at 60 frames per second are 8 GB; nobody has such files.
MAX_BYTES = 4 << 30
MAX_FRAMES = 1_000_000
MAX_PEOPLE = 100
MAX_DIMS = 8
# One hour at 24 frames per second, as for OpenPose; a sentence is shorter.
MAX_CLIP_FRAMES = 86_400


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
        import pose_format.utils.reader
    except ImportError as error:
        raise UserError(
            "pose-format is not installed; install it with: make setup, or pip install pose-format."
        ) from error
    return pose_format


def read_pose(path: Path, span_s: tuple[float, float] | None = None) -> Recording:
    """Read all frames of a file, or those of a span (start and end in seconds).

    Versions 0.0, 0.1 and 0.2 of the format are read. A file must be exactly as long as its header
    says: pose-format itself reads a cut file of version 0.1 as one of fewer frames.

    Raises:
        PoseFileError: the file cannot be read, or has points of none of `layouts.LAYOUTS`.
        UserError: pose-format is not installed.
    """
    package = pose_format()
    try:
        if Path(path).stat().st_size > MAX_BYTES:
            raise PoseFileError("unreadable")
        reader = package.utils.reader.BufferReader(Path(path).read_bytes())
        header = package.pose_header.PoseHeader.read(reader)
        _require_length(header, reader)
        layout, sources, targets = _known_points(header.components)
        body = package.numpy.NumPyPoseBody.read(header, reader)
        if reader.bytes_left():
            raise PoseFileError("unreadable")
        fps = float(body.fps)
        xy = np.ma.getdata(body.data)[..., :2].astype(np.float32)
        confidence = np.ma.getdata(body.confidence).astype(np.float32)
    except _UNREADABLE as error:
        raise PoseFileError("unreadable") from error
    if not 0 < fps < 1000 or xy.ndim != 4 or xy.shape[:3] != confidence.shape:
        raise PoseFileError("unreadable")
    missing = 0
    if span_s is not None:
        start, end = (round(second * fps) for second in span_s)
        missing = max(0, end - len(xy)) - max(0, start - len(xy))
        xy, confidence = xy[start:end], confidence[start:end]
    if len(xy) > MAX_CLIP_FRAMES or missing > MAX_CLIP_FRAMES:
        raise PoseFileError("unreadable")
    points = np.zeros((*xy.shape[:2], layout.n_points, 3), np.float32)
    points[:, :, targets, :2] = xy[:, :, sources]
    points[:, :, targets, 2] = confidence[:, :, sources]
    nobody = np.zeros((0, layout.n_points, 3), np.float32)
    shoulders = {layout.place(name) for name in ("left_shoulder", "right_shoulder")}
    return Recording(
        layout, fps, list(points) + [nobody] * missing,
        missing_frames=missing, has_shoulders=shoulders <= set(targets),
    )  # fmt: skip


def _require_length(header: Any, reader: Any) -> None:
    """Check the numbers of a header, and that the file is as long as they say.

    The layout of versions 0.1 and 0.2 (docs/specs of pose-format): frames per second and number
    of frames, number of people, then x, y ... of all points and frames, then their confidences.
    Version 0.0 has a number of people for every frame; its reader fails at a file's end.

    Raises:
        PoseFileError: the numbers are not possible, or of another length than the file.
    """
    version = round(float(header.version), 3)
    n_dims = {len(component.format) - 1 for component in header.components}
    if version not in (0.0, 0.1, 0.2) or len(n_dims) != 1 or not 2 <= min(n_dims) <= MAX_DIMS:
        raise PoseFileError("unreadable")
    if version == 0.0:
        return
    described = struct.Struct("<HHH" if version == 0.1 else "<fIH")
    _, n_frames, n_people = described.unpack_from(reader.buffer, reader.read_offset)
    per_frame = 4 * n_people * header.total_points() * (min(n_dims) + 1)
    left = reader.bytes_left() - described.size
    if n_people > MAX_PEOPLE or n_frames > MAX_FRAMES or per_frame == 0:
        raise PoseFileError("unreadable")
    # Version 0.1 has 16 bits for the number of frames, which cannot tell how long a longer file is.
    is_longer = version == 0.1 and left // per_frame > 0xFFFF
    if left % per_frame or (left // per_frame != n_frames and not is_longer):
        raise PoseFileError("unreadable")


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
        if len(set(here)) < len(here):
            raise PoseFileError("unreadable")
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
