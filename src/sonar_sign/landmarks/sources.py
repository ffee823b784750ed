"""Where landmarks come from: each source reads the recording of one row of a shard."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sonar_sign.landmarks.keypoint_locations import KeypointLocations
from sonar_sign.landmarks.openpose import read_folder, read_stretch
from sonar_sign.landmarks.recording import Recording


class UnusableError(Exception):
    """A clip has no recording; `reason` is `no_keypoints`, `unreadable` or `unknown_points`."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


Read = Callable[[Any], Recording]


def open_source(root: Path, split: str, source: str) -> Read:
    """What reads a row (with the fields `corpora.shard.COLUMNS`), or raises UnusableError.

    Raises:
        UserError: there is no such source, there are no keypoints of this kind, or what reads or
            finds them is not installed.
    """
    return {"openpose": _openpose, "pose": _pose, "mediapipe": _mediapipe}[source](
        Path(root), split
    )


def stretch_of(row: Any) -> tuple[int, int]:
    """The first frame of a row's sentence in its video, and the one after the last."""
    start = round(float(row.start_s) * float(row.fps))
    return start, start + int(row.n_frames)


def _openpose(root: Path, split: str) -> Read:
    places = KeypointLocations(root, split, "openpose")

    def read(row: Any) -> Recording:
        place = places.find(row.clip_id, row.source)
        if place is None:
            raise UnusableError("no_keypoints")
        if place.of_video:
            return read_stretch(place.path, place.path.name, *stretch_of(row), float(row.fps))
        return read_folder(place.path, float(row.fps), int(row.n_frames))

    return read


def _pose(root: Path, split: str) -> Read:
    from sonar_sign.landmarks.pose_files import PoseFileError, pose_format, read_pose

    places = KeypointLocations(root, split, "pose")
    pose_format()  # says now what it would refuse later

    def read(row: Any) -> Recording:
        place = places.find(row.clip_id, row.source)
        if place is None:
            raise UnusableError("no_keypoints")
        try:
            if place.of_video:
                return read_pose(place.path, (float(row.start_s), float(row.end_s)))
            recording = read_pose(place.path)
        except PoseFileError as error:
            raise UnusableError(error.reason) from error
        seconds = int(row.n_frames) / float(row.fps)
        other_length = round(seconds * recording.fps) != len(recording.frames)
        return replace(recording, other_length=other_length)

    return read


def _mediapipe(root: Path, split: str) -> Read:
    from sonar_sign.core.video import VideoError
    from sonar_sign.landmarks.holistic import Holistic

    holistic = Holistic()

    def read(row: Any) -> Recording:
        try:
            return holistic.read(root / row.source, *stretch_of(row), float(row.fps))
        except VideoError as error:
            raise UnusableError("unreadable") from error

    return read
