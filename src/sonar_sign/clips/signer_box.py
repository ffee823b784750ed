"""Where the signer is in a video: around the face that was found on a few of its frames."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from sonar_sign.clips.faces import (
    Detector,
    SignerFace,
    find_faces,
    find_signer,
    find_small_faces,
    is_there,
    open_cnn_detector,
    shows,
)
from sonar_sign.core.errors import UserError
from sonar_sign.core.geometry import Box, center_box, crop_box
from sonar_sign.core.video import VideoInfo, read_frames_near

# SSVP-SLT searches every 16th frame for the face. So do we, up to so many: dlib's boxes come in
# steps of a fifth of their size, so only the mean of the same frames is the same box. In longer
# videos, where decoding costs more than searching, `frames_probed` are spread wider.
PROBE_STEP = 16
PROBED_AS_REFERENCE = 20
# Frames between the two that are compared to measure movement: long enough for a hand to move.
MOVEMENT_FRAMES = 3


@dataclass(frozen=True)
class SignerBox:
    """The part of a video that is cut out."""

    box: Box
    """x0, y0, x1, y1 in source pixels, before it is made square; may reach outside the frame."""
    box_from: str
    """`video`: around the face of the whole video; `clip`: around another face, found in this clip;
    `fallback`: no face was found and the middle of the frame is taken; `whole`: the corpus is
    cropped already; `given`: the corpus says where the signer is."""
    face: SignerFace


@dataclass(frozen=True)
class FaceSearch:
    """How signers are searched.

    Raises, at the first use:
        UserError: the model file cannot be used.
    """

    frames_probed: int
    """How many frames of a long video are searched."""
    cnn_model: Path | None = None
    """dlib's CNN detector; None: the HOG detector."""

    @property
    def name(self) -> str:
        return "hog" if self.cnn_model is None else "cnn"

    @cached_property
    def detector(self) -> Detector:
        return find_faces if self.cnn_model is None else open_cnn_detector(self.cnn_model)

    def box(self, path: Path, video: VideoInfo) -> SignerBox:
        """Where the signer is in a video.

        Raises:
            VideoError: the video cannot be decoded.
        """
        return around(self.face(path, video, 0, video.n_frames), video)

    def face(self, path: Path, video: VideoInfo, start: int, end: int) -> SignerFace:
        """The signer's face in frames `start` to `end` (exclusive) of a video.

        Raises:
            VideoError: the video cannot be decoded.
        """
        numbers = self._probed(start, end)

        def movement(face: Box) -> float:
            return _movement(path, video, numbers[::2], face)

        # One frame at a time: those of a large video would fill the memory.
        face = find_signer(read_frames_near(path, numbers, video), movement, self.detector)
        if face.box is None and self.cnn_model is None:
            face = find_signer(read_frames_near(path, numbers, video), movement, find_small_faces)
        return face

    def box_of_clip(
        self,
        path: Path,
        video: VideoInfo,
        first: np.ndarray,
        span: tuple[int, int],
        signer: SignerBox,
    ) -> SignerBox:
        """The box of a clip: its video's, unless the clip's first frame shows only other faces.

        Args:
            first: the clip's first frame, `(height, width, 3)` uint8 RGB.
            span: the clip's frames in the video, the last one exclusive.
            signer: the video's box.
        """
        if signer.box_from in ("whole", "given"):
            return signer
        expected = signer.face.box
        if expected is not None and is_there(first, expected, self.detector):
            return signer
        faces = self.detector(first, None)
        if len(faces) == 0 or (expected is not None and shows(faces, expected)):
            return signer
        face = self.face(path, video, *span)
        return signer if face.box is None else SignerBox(crop_box(tuple(face.box)), "clip", face)

    def _probed(self, start: int, end: int) -> list[int]:
        if end - start <= PROBE_STEP * max(self.frames_probed, PROBED_AS_REFERENCE):
            return list(range(start, end, PROBE_STEP))
        # The very first and last frames are often title cards or fades, so they are left out.
        return np.linspace(start, end, self.frames_probed + 2)[1:-1].astype(int).tolist()


def open_face_search(detector: str, frames_probed: int, cnn_model: Path | None) -> FaceSearch:
    """The search that the settings `crop.detector` and `crop.frames_probed` describe.

    Raises:
        UserError: the detector is `cnn` and its model is not given.
    """
    if detector == "cnn" and cnn_model is None:
        raise UserError(
            "The CNN detector needs its model: fetch_model face_detector, then --face-model FILE."
        )
    return FaceSearch(frames_probed, cnn_model if detector == "cnn" else None)


def around(face: SignerFace, video: VideoInfo) -> SignerBox:
    """The signing space around a face; without one, the middle of the frame."""
    if face.box is None:
        return SignerBox(center_box(video.width, video.height), "fallback", face)
    return SignerBox(crop_box(tuple(face.box)), "video", face)


def whole_frame(video: VideoInfo) -> SignerBox:
    """The whole frame, for a video that is cropped to the signer already."""
    return SignerBox((0, 0, video.width, video.height), "whole", SignerFace(None, 0, 0))


def given_box(box: tuple[float, ...], video: VideoInfo) -> SignerBox:
    """A box that a corpus publishes, `x0, y0, x1, y1` as shares of width and height.

    It holds the signer, so it is not grown, only made square when it is cut out.
    """
    x0, y0, x1, y1 = box
    pixels = (x0 * video.width, y0 * video.height, x1 * video.width, y1 * video.height)
    return SignerBox(pixels, "given", SignerFace(None, 0, 0))


def _movement(path: Path, video: VideoInfo, numbers: list[int], face: Box) -> float:
    """How much moves around a face: pixel differences between nearby frames, summed over pairs."""
    x1, y1, x2, y2 = (max(0, int(edge)) for edge in crop_box(face))
    total = 0.0
    for number in numbers:
        pair = [
            frame[y1:y2, x1:x2].astype(np.int16)
            for frame in read_frames_near(path, (number, number + MOVEMENT_FRAMES), video)
        ]
        if len(pair) == 2:
            total += float(np.abs(pair[1] - pair[0]).sum())
    return total
