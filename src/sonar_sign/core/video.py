"""Reading and writing video with PyAV; a frame's number is its place on the video's grid.

`core/video_times.py` says what the grid is; where the frame rate is constant, frame 0 is the first,
and so on. A folder of pictures is a video too, see `core/video_pictures.py`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import av

from sonar_sign.core.video_clips import decode_clip, encode_clip
from sonar_sign.core.video_file import Source, VideoError, check_size, file_size, open_video
from sonar_sign.core.video_frames import (
    ToRgb,
    counts_packets,
    decoded,
    stamp_of,
    upright_size,
)
from sonar_sign.core.video_pictures import RATE, is_folder, probe_pictures, read_pictures
from sonar_sign.core.video_reading import Reading, VideoInfo
from sonar_sign.core.video_times import Clock, measure, times_of_index

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "VideoError",
    "VideoInfo",
    "decode_clip",
    "encode_clip",
    "probe",
    "read_frames",
    "read_frames_near",
]


def probe(source: Source, folder_fps: float = RATE) -> VideoInfo:
    """Find a video's size, frame rate and length, and whether its end is there.

    One frame is decoded, which shows rotation and damage; `core/video_times.py` says when the rest
    of the file is read too.

    Args:
        source: a path of a file or of a folder of pictures, or a seekable binary file.
        folder_fps: frames per second of a folder of pictures; a file says its own.

    Raises:
        VideoError: the file cannot be opened or decoded, holds no video frames, or is cut off; a
            picture of a folder is missing, unreadable or of another size.
    """
    if is_folder(source):
        return probe_pictures(source, folder_fps)
    with open_video(source) as (container, stream):
        times = times_of_index(container, stream, file_size(source))
        frame = next(decoded(container, stream), None)
        if frame is None:
            raise VideoError("no_frames", "no frame can be decoded")
        width, height = upright_size(frame)
        codec = stream.codec_context.name
        if times and counts_packets(stream):  # frames are counted, from the first
            times = replace(times, origin=Fraction(0), in_order=False)
    check_size(width, height)
    times = times or measure(source)
    return VideoInfo(
        times.n_frames, float(times.rate), width, height, codec,
        times.origin, times.gaps, times.in_order,
    )  # fmt: skip


def read_frames(
    source: Source, start: int = 0, end: int | None = None, video: VideoInfo | None = None
) -> Iterator[tuple[int, "np.ndarray"]]:
    """Yield `(number, frame)` for frames `start` to `end` (exclusive), as far as the video goes.

    Numbers have no holes: a frame without a picture of its own is the one before, the same array.
    Decoding starts at the last keyframe before `start`.

    Args:
        source: as for `probe`.
        start, end: frame numbers: seconds times the frame rate, rounded.
        video: what `probe` found; None probes it.

    Yields:
        int, uint8 RGB array `(height, width, 3)`.

    Raises:
        VideoError: the file cannot be opened or decoded, or many of these frames cannot.
    """
    if is_folder(source):
        yield from read_pictures(source, start, end)
        return
    video = video or probe(source)
    if start > 0 and video.in_order:
        with open_video(source) as (container, stream):
            _seek(container, stream, video, start)
            reading = Reading(video, start, end)
            yield from reading.frames(container, stream, must_reach_start=True)
        if reading.reached_start:
            return
    # Some containers cannot be entered in the middle, or only behind the frame.
    with open_video(source) as (container, stream):
        yield from Reading(video, start, end).frames(container, stream)


def _seek(container, stream: av.VideoStream, video: VideoInfo, number: int) -> None:
    container.seek(
        int((video.origin_s + number / video.rate) / stream.time_base), stream=stream, backward=True
    )


def read_frames_near(
    source: Source, numbers: Iterable[int], video: VideoInfo | None = None
) -> Iterator["np.ndarray"]:
    """Yield, for each of these frame numbers (ascending), that frame or one of the next few.

    Fast, but not exact: frames that no other frame depends on are not decoded, and the video is
    read once, skipping to the next keyframe where possible. It takes half the time or less.

    Args:
        source: as for `probe`.
        numbers: frame numbers.
        video: what `probe` found; None probes it.

    Raises:
        VideoError: the file cannot be opened or decoded.
    """
    if is_folder(source):
        for number in numbers:
            yield from (frame for _, frame in read_pictures(source, number, number + 1))
        return
    video = video or probe(source)
    rate, clock = video.rate, Clock(video.rate)

    def place(seconds: Fraction) -> int:
        return round((seconds - video.origin_s) * rate)

    with open_video(source) as (container, stream):
        if video.in_order:
            stream.codec_context.skip_frame = "NONREF"
        entries = stream.index_entries if video.in_order else ()
        keyframes = [
            (place(entry.timestamp * stream.time_base), entry.timestamp)
            for entry in entries
            if entry.is_keyframe
        ]
        to_rgb = ToRgb()
        frames, position = decoded(container, stream), -1
        for number in numbers:
            before = [stamp for at, stamp in keyframes if position < at <= number]
            if before:
                container.seek(before[-1], stream=stream)
                frames, clock = decoded(container, stream), Clock(rate)
            for frame in frames:
                position = place(clock.time(stamp_of(frame, stream)))
                if position >= number:
                    yield to_rgb(frame)
                    break
