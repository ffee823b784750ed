"""The sources of landmarks: each one reads the keypoints of one row of a shard."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from sonar_sign.landmarks.keypoint_locations import KeypointLocations
from sonar_sign.landmarks.openpose import read_folder, read_frame_range
from sonar_sign.landmarks.recording import Recording


class UnusableError(Exception):
    """A clip without keypoints; `reason` is `no_keypoints`, `unreadable` or `unknown_points`."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


Read = Callable[[Any], Recording]


def open_source(root: Path, split: str, source: str) -> Read:
    """A function that reads the keypoints of a row with the fields `corpora.shard.COLUMNS`.

    The function raises UnusableError for a clip without keypoints.

    Raises:
        UserError: the corpus has no keypoints of this source, or a package that the source needs
            is not installed.
    """
    sources = {
        "openpose": _openpose,
        "pose": _pose,
        "rtmpose": _rtmpose,
        "mediapipe": _mediapipe,
    }
    return sources[source](Path(root), split)


def frame_range(row: Any) -> tuple[int, int]:
    """First and last frame (exclusive) of a row's sentence in its video."""
    start = round(float(row.start_s) * float(row.fps))
    return start, start + int(row.n_frames)


def _openpose(root: Path, split: str) -> Read:
    locations = KeypointLocations(root, split, "openpose")

    def read(row: Any) -> Recording:
        location = locations.find(row.clip_id, row.source)
        if location is None:
            raise UnusableError("no_keypoints")
        if location.of_video:
            return read_frame_range(
                location.path, location.path.name, *frame_range(row), float(row.fps)
            )
        try:
            return read_folder(location.path, float(row.fps), int(row.n_frames))
        except (ValueError, OSError) as error:
            raise UnusableError("unreadable") from error

    return read


def _pose(root: Path, split: str) -> Read:
    from sonar_sign.landmarks.pose_files import PoseFileError, pose_format, read_pose

    locations = KeypointLocations(root, split, "pose")
    pose_format()  # fail early if the package is missing

    def read(row: Any) -> Recording:
        location = locations.find(row.clip_id, row.source)
        if location is None:
            raise UnusableError("no_keypoints")
        try:
            if location.of_video:
                return read_pose(location.path, (float(row.start_s), float(row.end_s)))
            recording = read_pose(location.path)
        except PoseFileError as error:
            raise UnusableError(error.reason) from error
        seconds = int(row.n_frames) / float(row.fps)
        other_length = round(seconds * recording.fps) != len(recording.frames)
        return replace(recording, other_length=other_length)

    return read


def _rtmpose(root: Path, split: str) -> Read:
    from sonar_sign.core.video import VideoError, probe
    from sonar_sign.landmarks.pose_files import PoseFileError
    from sonar_sign.landmarks.rtmpose import read_rtmpose

    locations = KeypointLocations(root, split, "rtmpose")

    @cache
    def size_of(source: str) -> tuple[int, int]:
        video = probe(root / source)
        return video.width, video.height

    def read(row: Any) -> Recording:
        location = locations.find(row.clip_id, row.source)
        if location is None:
            raise UnusableError("no_keypoints")
        frames = frame_range(row) if location.of_video else None
        try:
            recording = read_rtmpose(location.path, float(row.fps), size_of(row.source), frames)
        except PoseFileError as error:
            raise UnusableError(error.reason) from error
        except VideoError as error:
            raise UnusableError("unreadable") from error
        other_length = not location.of_video and len(recording.frames) != int(row.n_frames)
        return replace(recording, other_length=other_length)

    return read


def _mediapipe(root: Path, split: str) -> Read:
    from sonar_sign.core.video import VideoError
    from sonar_sign.landmarks.holistic import Holistic

    holistic = Holistic()

    def read(row: Any) -> Recording:
        try:
            return holistic.read(root / row.source, *frame_range(row), float(row.fps))
        except VideoError as error:
            raise UnusableError("unreadable") from error

    return read
