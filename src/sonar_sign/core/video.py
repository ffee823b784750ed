"""Reading and writing video with PyAV; a frame's number is its time times the frame rate."""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import av
from av.video.reformatter import VideoReformatter

if TYPE_CHECKING:
    import numpy as np

av.logging.set_level(av.logging.PANIC)


class VideoError(Exception):
    """A video cannot be used; `reason` is `unreadable` or `no_frames`."""

    def __init__(self, reason: str, detail: str):
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class VideoInfo:
    """Properties of a file's first video stream, as its header states them."""

    n_frames: int
    fps: float
    width: int
    height: int
    codec: str

    @property
    def duration_s(self) -> float:
        return self.n_frames / self.fps


@contextmanager
def _open(source: Path | BinaryIO) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    """Open a video; everything that can fail is raised as `VideoError`."""
    try:
        with av.open(source if hasattr(source, "read") else str(source)) as container:
            if not container.streams.video:
                raise VideoError("unreadable", "it holds no video stream")
            stream = container.streams.video[0]
            # One thread per video: jobs and worker processes run in parallel already.
            stream.thread_count = 1
            yield container, stream
    except (av.error.FFmpegError, OSError) as error:
        raise VideoError("unreadable", getattr(error, "strerror", None) or str(error)) from error


def probe(path: Path) -> VideoInfo:
    """Read a video's header and the packets of its last second; nothing is decoded.

    Raises:
        VideoError: the file cannot be opened, holds no video frames, or its end is cut off.
    """
    with _open(path) as (container, stream):
        rate = stream.average_rate or stream.guessed_rate
        if not rate:
            raise VideoError("no_frames", "its frame rate is not known")
        last = _last_frame_number(container, stream, rate)
        n_frames = stream.frames or last + 1
        if n_frames <= 0:
            raise VideoError("no_frames", "the video stream is empty")
        if last + 1 < 0.9 * n_frames - 1:
            raise VideoError("unreadable", f"cut off after frame {last} of {n_frames}")
        return VideoInfo(
            n_frames, float(rate), stream.width, stream.height, stream.codec_context.name
        )


def _last_frame_number(container, stream, rate: Fraction) -> int:
    """The number of the last frame whose packet is complete in the file; -1 if there is none."""
    if stream.duration:
        container.seek(max(0, (stream.start_time or 0) + stream.duration - 1), stream=stream)
    numbers = [
        _frame_number(packet.pts, stream, rate)
        for packet in container.demux(stream)
        if packet.pts is not None and packet.size and not packet.is_corrupt
    ]
    return max(numbers, default=-1)


def _frame_number(pts: int, stream: av.VideoStream, rate: Fraction) -> int:
    return round((pts - (stream.start_time or 0)) * stream.time_base * rate)


def read_frames(source: Path | BinaryIO, start: int = 0, end: int | None = None) -> Iterator:
    """Yield `(number, frame)` for frames `start` to `end` (exclusive).

    Decoding starts at the last keyframe before `start`.

    Args:
        source: a path or a seekable binary file.
        start, end: frame numbers: seconds times the frame rate, rounded.

    Yields:
        int, uint8 RGB array `(height, width, 3)`.

    Raises:
        VideoError: the file cannot be opened or decoded.
    """
    with _open(source) as (container, stream):
        rate = stream.average_rate or stream.guessed_rate
        if start > 0:
            pts = int(start / rate / stream.time_base) + (stream.start_time or 0)
            container.seek(pts, stream=stream, backward=True)
        # One converter for all frames: making one per frame costs as much as decoding.
        converter = VideoReformatter()
        for frame in container.decode(stream):
            if frame.pts is None:
                continue
            number = _frame_number(frame.pts, stream, rate)
            if end is not None and number >= end:
                return
            if number >= start:
                yield number, converter.reformat(frame, format="rgb24", threads=1).to_ndarray()


def read_frames_near(source: Path, numbers: Iterable[int]) -> Iterator["np.ndarray"]:
    """Yield, for each of these frame numbers (ascending), that frame or one of the next few.

    Fast, but not exact: frames that no other frame depends on are not decoded, and the video is
    read once, skipping to the next keyframe where possible. It takes half the time or less.

    Raises:
        VideoError: the file cannot be opened or decoded.
    """
    with _open(source) as (container, stream):
        rate = stream.average_rate or stream.guessed_rate
        stream.codec_context.skip_frame = "NONREF"
        keyframes = [entry.timestamp for entry in stream.index_entries if entry.is_keyframe]
        converter = VideoReformatter()
        frames, position = container.decode(stream), -1
        for number in numbers:
            before = [k for k in keyframes if position < _frame_number(k, stream, rate) <= number]
            if before:
                container.seek(before[-1], stream=stream)
                frames = container.decode(stream)
            for frame in frames:
                position = _frame_number(frame.pts, stream, rate)
                if position >= number:
                    yield converter.reformat(frame, format="rgb24", threads=1).to_ndarray()
                    break


def decode_clip(content: bytes, numbers: "np.ndarray") -> "np.ndarray":
    """Decode the frames `numbers` of a short clip held in memory.

    Args:
        content: a video file, for example one mp4 of a clip shard.
        numbers: `(n,)` frame numbers in any order; repeats are decoded once.

    Returns:
        `(n, height, width, 3)` uint8 RGB.

    Raises:
        VideoError: the clip cannot be decoded or ends before the last number.
    """
    import numpy as np  # probing does not need it

    wanted = np.unique(numbers)
    frames = {}
    for number, frame in read_frames(io.BytesIO(content), int(wanted[0]), int(wanted[-1]) + 1):
        frames[number] = frame
    missing = [int(number) for number in wanted if int(number) not in frames]
    if missing:
        raise VideoError("unreadable", f"frame {missing[0]} cannot be decoded")
    return np.stack([frames[int(number)] for number in numbers])


def encode_clip(frames: Iterable["np.ndarray"], fps: float, quality: int) -> bytes:
    """Encode frames as an H.264 mp4 in memory; the same frames give the same bytes.

    Args:
        frames: uint8 RGB `(height, width, 3)`, height and width even.
        fps: frames per second.
        quality: x264's constant rate factor, 0 (lossless) to 51.

    Returns:
        The file's content.
    """
    buffer = io.BytesIO()
    rate = Fraction(fps).limit_denominator(1001)
    with av.open(buffer, "w", format="mp4") as container:
        # A keyframe every half second: training starts windows anywhere, and decoding starts at a
        # keyframe. The other options make the output reproducible: x264's output depends on its
        # number of threads, and its CPU-specific code differs between CPUs and between calls.
        options = {
            "crf": str(quality),
            "preset": "veryfast",
            "threads": "1",
            "x264-params": "cpu-independent=1",
        }
        stream = container.add_stream("libx264", rate=rate, options=options)
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = max(1, round(fps / 2))
        for number, frame in enumerate(frames):
            if number == 0:
                stream.height, stream.width = frame.shape[:2]
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts, picture.time_base = number, 1 / rate
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return buffer.getvalue()
