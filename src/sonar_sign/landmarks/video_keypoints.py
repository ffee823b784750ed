"""The keypoints of any video, outside a corpus: files that a person names, or MediaPipe."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sonar_sign.core.video import VideoError, VideoInfo
from sonar_sign.landmarks.openpose import keypoint_prefix, read_frame_range
from sonar_sign.landmarks.recording import Recording

if TYPE_CHECKING:
    from sonar_sign.landmarks.holistic import Holistic

ReadSpan = Callable[[int, int], Recording]
"""Reads the frames `start` to `end` (exclusive) of a video."""


class VideoKeypoints:
    """Where the keypoints of videos are found.

    Args:
        given: OpenPose's folder of one video (`*_{frame:012d}_keypoints.json`), a `.pose` file, or
            a folder that has one of these per video, named after it; None: MediaPipe.

    Raises:
        UserError: MediaPipe is needed and is not installed.
    """

    def __init__(self, given: Path | None):
        self._given = given
        self._holistic = _holistic() if given is None else None

    def of_video(self, path: Path, video: VideoInfo) -> ReadSpan:
        """How the keypoints of a video are read; reading raises a VideoError too.

        Raises:
            VideoError: there are none of this video.
        """
        if self._holistic is not None:
            holistic = self._holistic
            return lambda start, end: holistic.read(path, start, end, video.fps)
        found = _found(Path(self._given), path.stem)
        if found is None:
            raise VideoError(
                "unreadable",
                f"{self._given} has no keypoints of it: neither a .pose file nor a folder of "
                f"OpenPose's JSON files named {path.stem}",
            )
        if found.is_dir():
            prefix = keypoint_prefix(found)
            return lambda start, end: read_frame_range(found, prefix, start, end, video.fps)
        return lambda start, end: _read_pose(found, start / video.fps, end / video.fps)


@cache
def _holistic() -> "Holistic":
    """MediaPipe's models, loaded once."""
    from sonar_sign.landmarks.holistic import Holistic

    return Holistic()


def _found(given: Path, stem: str) -> Path | None:
    """The folder of JSON files, or the `.pose` file, of a video of this name."""
    if given.is_file():
        return given
    if keypoint_prefix(given) is not None:
        return given
    pose, folder = given / f"{stem}.pose", given / stem
    if pose.is_file():
        return pose
    return folder if keypoint_prefix(folder) is not None else None


def _read_pose(path: Path, start_s: float, end_s: float) -> Recording:
    from sonar_sign.landmarks.pose_files import PoseFileError, read_pose

    try:
        return read_pose(path, (start_s, end_s))
    except PoseFileError as error:
        reason = {"unreadable": "nothing can be read as a .pose file"}.get(
            error.reason, "the points are neither MediaPipe's nor OpenPose's"
        )
        raise VideoError("unreadable", f"of its keypoints, {path}, {reason}") from error
