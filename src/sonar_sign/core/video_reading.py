"""What is known of a video, and one pass over a part of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av

from sonar_sign.core.video_file import VideoError
from sonar_sign.core.video_frames import ToRgb, decoded_packets, stamp_of
from sonar_sign.core.video_times import Clock

if TYPE_CHECKING:
    import numpy as np

# Some codecs have packets without a picture, so a few may be missing.
LOST_SHARE = 0.15
# What stands for the codec of a folder of pictures.
PICTURES = "pictures"


@dataclass(frozen=True)
class VideoInfo:
    """Properties of a file's first video stream."""

    n_frames: int
    """Frames at `fps`, see `core/video_times.py`."""
    fps: float
    width: int
    """Pixels, after the rotation that the container asks for; likewise the height."""
    height: int
    codec: str
    """FFmpeg's name of it; `pictures` for a folder of pictures."""
    origin_s: Fraction = Fraction(0)
    """Time stamp of frame 0."""
    gaps: tuple[tuple[int, int], ...] = ()
    """Frames `first` to `last` (exclusive) without a picture of their own, two or more in a row."""
    in_order: bool = True
    """Time stamps never jump back, so decoding can start anywhere."""

    @property
    def duration_s(self) -> float:
        return self.n_frames / self.fps

    @property
    def rate(self) -> Fraction:
        """`fps` as the fraction that it was; the file's numbers are much smaller than the limit."""
        return Fraction(self.fps).limit_denominator(1_000_000)

    def shows_something(self, start: int, end: int) -> bool:
        """Whether a picture of their own is among the frames `start` to `end` (exclusive)."""
        return not any(first <= start and end <= last for first, last in self.gaps)


class Reading:
    """One pass over frames `start` to `end` (exclusive; None: to the end) of a video."""

    def __init__(self, video: VideoInfo, start: int, end: int | None):
        self.video, self.start = video, start
        self.end = video.n_frames if end is None else min(end, video.n_frames)
        self.reached_start = True
        self._rate, self._clock = video.rate, Clock(video.rate)
        self._expected = self._decoded = 0

    def frames(
        self, container, stream: av.VideoStream, *, must_reach_start: bool = False
    ) -> Iterator[tuple[int, "np.ndarray"]]:
        """Yield the numbered frames; none where the first decoded one is behind `start`.

        Args:
            must_reach_start: set `reached_start` instead of showing a later frame at `start`.
        """
        to_rgb = ToRgb()
        shown: av.VideoFrame | None = None
        number = self.start
        for packet, pictures in decoded_packets(container, stream):
            self._expect(packet)
            for frame in pictures:
                place = self._place(stamp_of(frame, stream))
                if shown is None and must_reach_start and place > self.start:
                    self.reached_start = False
                    return
                if self.start <= place < self.end and not frame.is_corrupt:
                    self._decoded += 1
                if shown is not None and number < min(place, self.end):
                    picture = to_rgb(shown)
                    while number < min(place, self.end):
                        yield number, picture
                        number += 1
                shown = frame
                if place >= self.end:
                    break
            else:
                continue
            break
        if shown is None and must_reach_start:
            self.reached_start = False
            return
        self._check_damage()
        if shown is not None and number < self.end:
            picture = to_rgb(shown)
            yield from ((number, picture) for number in range(number, self.end))

    def _place(self, stamp: Fraction | None) -> int:
        return max(0, round((self._clock.time(stamp) - self.video.origin_s) * self._rate))

    def _expect(self, packet: av.Packet) -> None:
        if packet.pts is None or not packet.size or packet.is_discard:
            return
        place = round((packet.pts * packet.time_base - self.video.origin_s) * self._rate)
        self._expected += self.start <= place < self.end

    def _check_damage(self) -> None:
        lost = self._expected - self._decoded
        if self.video.in_order and lost > max(2, LOST_SHARE * self._expected):
            raise VideoError(
                "unreadable",
                f"only {self._decoded} of {self._expected} frames from "
                f"{self.start / self.video.fps:.2f} s on can be decoded",
            )
