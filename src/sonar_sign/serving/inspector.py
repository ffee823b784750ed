"""A process of its own that looks at one upload, before any process with models opens it.

It reads the containers' headers and counts packets; hardly anything is decoded before size, length
and number of frames are known to be small enough. A file that makes FFmpeg crash, hang or fill the
memory ends this process only. It is started before it is needed, and ends after one file.

On standard input: one JSON line, `{"path": ..., "limits": {...}}`. On standard output: one JSON
line, `{"video": {...}}` or `{"refused": sentence, "code": ...}`.
"""

import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

from sonar_sign.core.video import VideoError, probe
from sonar_sign.core.video_file import open_video
from sonar_sign.core.video_frames import packets
from sonar_sign.serving.limits import limit_this_process
from sonar_sign.serving.options import UploadLimits
from sonar_sign.serving.refusals import RefusedVideoError

MEMORY_BYTES = 1_500_000_000
CPU_S = 20
# Signs take longer.
MIN_SECONDS = 0.2


def inspect(path: Path, limits: UploadLimits) -> dict[str, Any]:
    """What is known of a video that is within the limits.

    Raises:
        RefusedVideoError: it is not, or it cannot be read.
    """
    try:
        _check_size(path, limits)
        video = probe(path)
    except VideoError as error:
        sentence = f"The file cannot be translated: {error.detail}."
        raise RefusedVideoError("unreadable", sentence) from error
    except MemoryError as error:
        sentence = "Decoding the file takes too much memory."
        raise RefusedVideoError("too_large_to_decode", sentence) from error
    _refuse_above(video.width * video.height, limits)
    if video.n_frames < 2 or video.duration_s < MIN_SECONDS:
        raise RefusedVideoError(
            "too_short", f"It lasts {video.duration_s:.2f} s: too short for signs."
        )
    if video.duration_s > limits.max_seconds:
        raise _too_long(video.duration_s, limits)
    return {
        "seconds": round(video.duration_s, 3),
        "width": video.width,
        "height": video.height,
        "frames": video.n_frames,
        "fps": round(video.fps, 3),
        "codec": video.codec,
    }


def _check_size(path: Path, limits: UploadLimits) -> None:
    """Size, frames and length as header and packets say; no frame is decoded."""
    with open_video(path) as (container, stream):
        _refuse_above(stream.width * stream.height, limits)
        if container.duration and container.duration / 1e6 > limits.max_seconds:
            raise _too_long(container.duration / 1e6, limits)
        n_frames, first, last = 0, None, None
        for packet in packets(container, stream):
            if not packet.size:
                continue
            n_frames += 1
            if n_frames > limits.max_frames:
                raise RefusedVideoError(
                    "too_many_frames", f"The video has more than {limits.max_frames} frames."
                )
            stamp = packet.pts if packet.pts is not None else packet.dts
            if stamp is not None:
                time: Fraction = stamp * packet.time_base
                first = time if first is None else min(first, time)
                last = time if last is None else max(last, time)
    if n_frames == 0:
        raise RefusedVideoError("no_frames", "The video has no frames.")
    if first is not None and last - first > limits.max_seconds:
        raise _too_long(float(last - first), limits)


def _refuse_above(pixels: int, limits: UploadLimits) -> None:
    if pixels > limits.max_pixels:
        raise RefusedVideoError(
            "too_many_pixels",
            f"The frames have {pixels / 1e6:.1f} megapixels; at most {limits.max_megapixels:g} "
            "are possible.",
        )


def _too_long(seconds: float, limits: UploadLimits) -> RefusedVideoError:
    return RefusedVideoError(
        "too_long",
        f"The video lasts {seconds:.0f} s; at most {limits.max_seconds:g} s are possible.",
    )


def main() -> None:
    """Answer one request."""
    limit_this_process(MEMORY_BYTES, CPU_S)
    line = sys.stdin.readline()
    if not line:  # the server has ended
        return
    asked = json.loads(line)
    try:
        answer: dict[str, Any] = {
            "video": inspect(Path(asked["path"]), UploadLimits(**asked["limits"]))
        }
    except RefusedVideoError as refusal:
        answer = {"refused": str(refusal), "code": refusal.code}
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
