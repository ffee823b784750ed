"""Runs MediaPipe Holistic on videos, for a corpus without keypoints. Optional.

Version 0.10.14 is the last whose package includes the models of Holistic (with
`model_complexity=1`), so it needs no network. Its declared requirements conflict with those of
this project although they are hardly needed, so it is not an extra for pip but a target of the
Makefile. TensorBoard needs protobuf 6.31 or later and MediaPipe fails with protobuf 7; protobuf 6
lacks one method that MediaPipe calls, which is restored here.
"""

from pathlib import Path
from typing import Any

import numpy as np

from sonar_sign.core.errors import UserError
from sonar_sign.core.video import read_frames
from sonar_sign.landmarks.layouts import MEDIAPIPE
from sonar_sign.landmarks.recording import Recording

INSTALL = "make mediapipe, or pip install --no-deps mediapipe==0.10.14 'protobuf>=6.33.5,<7'"
_PARTS = ("pose_landmarks", "face_landmarks", "left_hand_landmarks", "right_hand_landmarks")
_NOBODY = np.zeros((0, MEDIAPIPE.n_points, 3), np.float32)


class Holistic:
    """MediaPipe Holistic, which tracks one person from frame to frame.

    Raises:
        UserError: MediaPipe is not installed, or in a version that does not work.
    """

    def __init__(self) -> None:
        try:
            from mediapipe.python.solutions.holistic import Holistic as Solution

            _restore_get_prototype()
            self._solution = Solution(model_complexity=1, refine_face_landmarks=True)
        except ImportError as error:
            raise UserError(f"MediaPipe is not installed; install it with: {INSTALL}") from error
        except (AttributeError, TypeError, RuntimeError) as error:
            raise UserError(
                f"The installed MediaPipe does not work ({error}); install it with: {INSTALL}"
            ) from error

    def read(self, path: Path, start: int, end: int, fps: float) -> Recording:
        """Find landmarks in the frames `start` to `end` (exclusive) of a video.

        The confidence of body points is MediaPipe's visibility. For hands and face, which have
        none, it is 1 if the part was found. Points outside the image are extrapolated by
        MediaPipe and count as not seen.

        Raises:
            VideoError: the video cannot be opened or decoded.
        """
        self._solution.reset()  # do not continue the track of the previous clip
        frames = [_NOBODY] * (end - start)
        decoded = 0
        for number, frame in read_frames(path, start, end):
            found = _points(self._solution.process(frame), frame.shape[1], frame.shape[0])
            if number - start < len(frames):
                frames[number - start] = found
            decoded += 1
        return Recording(MEDIAPIPE, fps, frames, missing_frames=len(frames) - decoded)


def _restore_get_prototype() -> None:
    """Restore a method that protobuf 6 removed; the function exists under another name."""
    from google.protobuf.message_factory import GetMessageClass
    from google.protobuf.symbol_database import SymbolDatabase

    if not hasattr(SymbolDatabase, "GetPrototype"):
        SymbolDatabase.GetPrototype = lambda self, descriptor: GetMessageClass(descriptor)


def _points(result: Any, width: int, height: int) -> np.ndarray:
    """`(1, 553, 3)`, or `(0, 553, 3)` if no person was found."""
    parts = [
        _part(getattr(result, name), count, name == "pose_landmarks")
        for name, (_, count) in zip(_PARTS, MEDIAPIPE.components, strict=True)
    ]
    points = np.concatenate(parts)
    if not points[:, 2].any():
        return _NOBODY
    outside = ((points[:, :2] < 0) | (points[:, :2] > 1)).any(axis=1)
    points[outside] = 0
    return (points * np.array([width, height, 1], np.float32))[None]


def _part(found: Any, count: int, is_body: bool) -> np.ndarray:
    if found is None:
        return np.zeros((count, 3), np.float32)
    return np.array(
        [(point.x, point.y, point.visibility if is_body else 1.0) for point in found.landmark],
        dtype=np.float32,
    )
