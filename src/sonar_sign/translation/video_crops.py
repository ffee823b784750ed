"""The parts of one video as the models read them: cropped around the signer as `crop` does."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from sonar_sign.clips.crop import crop_clip
from sonar_sign.clips.motion import COMPARED_FPS, MotionMeter, shows_signing
from sonar_sign.clips.signer_box import FaceSearch, SignerBox, whole_frame
from sonar_sign.core.geometry import crop_resize, square_box
from sonar_sign.core.video import VideoInfo, decode_clip, read_frames
from sonar_sign.translation.definitions import ClipSettings

# Movement is measured on frames of this size.
MOTION_PIXELS = 56


@dataclass(frozen=True, eq=False)
class CroppedClip:
    """A part of a video around the signer."""

    content: bytes | np.ndarray
    """An mp4, as in a clip shard; or all frames, of a video that is such a clip already."""
    n_frames: int
    fps: float
    box: tuple[int, int, int, int]
    box_from: str

    def frames(self, numbers: np.ndarray) -> np.ndarray:
        """The frames `numbers`, `(n, size, size, 3)` uint8 RGB.

        Raises:
            VideoError: they cannot be decoded.
        """
        if isinstance(self.content, bytes):
            return decode_clip(self.content, numbers)
        return self.content[numbers]

    def shows_signing(self) -> bool:
        """Whether anything moves."""
        step = max(1, round(self.fps / COMPARED_FPS))
        return shows_signing(self.frames(np.arange(0, self.n_frames, step)), self.fps / step)


class VideoCrops:
    """One video and where its signer is; systems that crop alike share it.

    Args:
        size: width and height of the models' input, pixels.
        cropped: the video is cropped to the signer already.
    """

    def __init__(
        self, path: Path, video: VideoInfo, settings: ClipSettings, size: int, cropped: bool
    ):
        self.path, self.video, self.cropped = path, video, cropped
        # A person who asks for a translation wants one, face or not.
        self._options = replace(settings.crop, size=size, no_face="center")
        cnn = settings.face_model if settings.crop.detector == "cnn" else None
        self._search = FaceSearch(settings.crop.frames_probed, cnn)
        self._last: tuple[tuple[int, int], CroppedClip | None] | None = None

    @cached_property
    def signer(self) -> SignerBox:
        """Where the signer is in the whole video; searched at the first use.

        Raises:
            VideoError: the video cannot be decoded.
        """
        return whole_frame(self.video) if self.cropped else self._search.box(self.path, self.video)

    def clip(self, start: int, end: int) -> CroppedClip | None:
        """The frames `start` to `end` (exclusive); None where no frame is shown.

        Raises:
            VideoError: the video cannot be decoded.
        """
        if self._last is None or self._last[0] != (start, end):
            self._last = ((start, end), self._cut(start, end))
        return self._last[1]

    def _cut(self, start: int, end: int) -> CroppedClip | None:
        size = self._options.size
        if self.cropped and (self.video.width, self.video.height) == (size, size):
            # Coded as a clip already: coding it again would change it.
            frames = [frame for _, frame in read_frames(self.path, start, end, self.video)]
            box = (0, 0, size, size)
            return CroppedClip(np.stack(frames), len(frames), self.video.fps, box, "whole")
        content, info, _ = crop_clip(
            self.path, self.video, (start, end), self.signer, self._options, self._search
        )
        if content is None or info.n_frames == 0:
            return None
        return CroppedClip(content, info.n_frames, info.fps, info.box, info.box_from)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """The square around the signer of the whole video, pixels."""
        x0, y0, x1, y1 = (int(edge) for edge in square_box(self.signer.box))
        return (x0, y0, x1, y1)

    def motion(self, start: int, end: int) -> np.ndarray:
        """How much moves around the signer in each frame, see `segments.MotionOf`."""
        meter = MotionMeter()
        first = max(0, start - 1)  # the frame that the first one is compared with
        values = [
            meter.add(crop_resize(frame[None], self.signer.box, MOTION_PIXELS)[0])
            for _, frame in read_frames(self.path, first, end, self.video)
        ][start - first :]
        still = np.zeros(max(0, end - start - len(values)))
        return np.concatenate([np.array(values, dtype=float), still])
