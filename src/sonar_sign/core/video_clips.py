"""Short clips in memory: encoded by `crop`, decoded in every epoch of a training."""

import io
from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING

import av

from sonar_sign.core.video_file import VideoError, open_video
from sonar_sign.core.video_frames import ToRgb, decoded

if TYPE_CHECKING:
    import numpy as np


def decode_clip(content: bytes, numbers: "np.ndarray") -> "np.ndarray":
    """Decode the frames `numbers` of a short clip held in memory.

    Args:
        content: an mp4 that `encode_clip` made, for example one of a clip shard.
        numbers: `(n,)` frame numbers in any order; repeats are decoded once.

    Returns:
        `(n, height, width, 3)` uint8 RGB.

    Raises:
        VideoError: the clip cannot be decoded or ends before the last number.
    """
    import numpy as np  # probing does not need it

    wanted = np.unique(numbers)
    first, last = int(wanted[0]), int(wanted[-1])
    frames = {}
    with open_video(io.BytesIO(content)) as (container, stream):
        rate, start = stream.average_rate or stream.guessed_rate, stream.start_time or 0
        if first > 0:
            container.seek(int(first / rate / stream.time_base) + start, stream=stream)
        to_rgb = ToRgb()
        for frame in decoded(container, stream):
            number = (
                -1 if frame.pts is None else round((frame.pts - start) * stream.time_base * rate)
            )
            if number > last:
                break
            if number >= first:
                frames[number] = to_rgb(frame)
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
