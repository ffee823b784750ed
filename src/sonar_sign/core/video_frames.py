"""Decoded frames as RGB arrays, upright and all of one size."""

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING

import av
from av.sidedata.sidedata import Type
from av.video.reformatter import VideoReformatter

from sonar_sign.core.video_file import check_size

if TYPE_CHECKING:
    import numpy as np


def decoded(container, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
    """Yield a video's frames from where the container stands; damaged packets are skipped."""
    for _, frames in decoded_packets(container, stream):
        yield from frames


def decoded_packets(
    container, stream: av.VideoStream
) -> Iterator[tuple[av.Packet, list[av.VideoFrame]]]:
    """Yield packets with the frames that decoding them completed; a damaged packet has none."""
    for packet in packets(container, stream):
        try:
            # An empty packet at the end asks the decoder for the frames that it holds back.
            yield packet, stream.codec_context.decode(packet if packet.size else None)
        except av.error.InvalidDataError:
            yield packet, []


def packets(container, *streams: av.VideoStream) -> Iterator[av.Packet]:
    """Yield the packets of these streams, or of all, and an empty one at the end.

    A stream that appears in the middle of the file is left out, and PyAV fails at its end.
    """
    with suppress(IndexError):
        for packet in container.demux(*streams):
            if packet.size:
                yield packet
    yield av.Packet()


def counts_packets(stream: av.VideoStream) -> bool:
    """Whether time stamps say when a frame is decoded, not when it is shown: AVI has no other."""
    return stream.container.format.name == "avi" and stream.codec_context.has_b_frames


def stamp_of(frame: av.VideoFrame, stream: av.VideoStream) -> Fraction | None:
    """A frame's time stamp, seconds; None where the file gives none."""
    if counts_packets(stream):
        return None
    # The frames that the decoder held back to the end do not know their unit of time.
    return None if frame.pts is None else frame.pts * stream.time_base


class ToRgb:
    """Converts frames to uint8 RGB `(height, width, 3)`, rotated as the container asks for.

    Frames of another size than the first (a call whose resolution changed) are scaled to it.
    """

    def __init__(self) -> None:
        # One converter for all frames: making one per frame costs as much as decoding.
        self._converter = VideoReformatter()
        self._first: tuple[int, int, tuple[bool, bool, bool]] | None = None

    def __call__(self, frame: av.VideoFrame) -> "np.ndarray":
        if self._first is None:
            self._first = (frame.width, frame.height, _orientation(frame))
        width, height, orientation = self._first
        if (frame.width, frame.height) != (width, height):
            check_size(frame.width, frame.height)
        picture = self._converter.reformat(frame, width, height, format="rgb24", threads=1)
        return _upright(picture.to_ndarray(), orientation)


def upright_size(frame: av.VideoFrame) -> tuple[int, int]:
    """Width and height of a frame as it is shown."""
    sides = (frame.width, frame.height)
    return sides[::-1] if _orientation(frame)[0] else sides


def _upright(picture: "np.ndarray", orientation: tuple[bool, bool, bool]) -> "np.ndarray":
    transposed, left_right, up_down = orientation
    if not any(orientation):
        return picture
    picture = picture.transpose(1, 0, 2) if transposed else picture
    picture = picture[:, ::-1] if left_right else picture
    picture = picture[::-1] if up_down else picture
    return picture.copy()  # in rows, as OpenCV and dlib read it


def _orientation(frame: av.VideoFrame) -> tuple[bool, bool, bool]:
    """Whether rows and columns, left and right, top and bottom are exchanged, in this order.

    A display matrix `[a b u; c d v; x y w]` maps a pixel to `(a x + c y, b x + d y)` (ISO/IEC
    14496-12, 8.2.2). Only its signs count: other angles than right ones are taken for the nearest.
    """
    matrix = frame.side_data.get(Type.DISPLAYMATRIX)
    if matrix is None:
        return False, False, False
    a, b, _, c, d, *_ = memoryview(bytes(matrix)).cast("i")
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return False, a < 0, d < 0
    return True, c < 0, b < 0
