"""Speech laid under a video at its subtitles' times: an mp4 with the video's picture, and sound.

The picture is copied as it is encoded where an mp4 can hold that, else encoded as H.264.

A sentence may last until the next one begins. One that is longer is made shorter, at most by a
sixth (20 % faster), by FFmpeg's atempo, which keeps the pitch; one that is longer still is spoken
to its end, and those after it come late. Nothing is cut off.
"""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import atomic_write
from sonar_sign.core.speech_options import EngineOptions
from sonar_sign.speech.feelings import Feeling
from sonar_sign.speech.protocol import Spoken
from sonar_sign.speech.speak import speak_texts
from sonar_sign.speech.texts import Text

if TYPE_CHECKING:
    import numpy as np

    from sonar_sign.core.video_reading import VideoInfo

FASTEST = 1.2
# Sentences that come later than this are named.
LATE_S = 0.1
BIT_RATE = 96_000
# What mp4 players know, and the quality (x264's constant rate factor) of all others.
COPIED = ("h264", "hevc", "av1", "vp9", "mpeg4")
QUALITY = 18


@dataclass(frozen=True)
class Cue:
    """One sentence of a video."""

    start_s: float
    """When it begins in the video."""
    text: str
    """What to say."""
    feeling: Feeling = Feeling()
    """How to say it."""


@dataclass(frozen=True)
class Placed:
    """Where a cue's speech lies."""

    start_s: float
    """When it begins; not before its cue."""
    faster: float
    """1 to `FASTEST`."""
    seconds: float
    """How long it lasts, made faster."""


def dub(
    video: Path,
    cues: Sequence[Cue],
    language: str,
    output: Path,
    options: EngineOptions,
    log: TextIO = sys.stderr,
) -> list[Placed | None]:
    """Write an mp4 with a video's picture and the cues as its sound.

    Args:
        cues: in the order of their times.
        language: FLORES code such as eng_Latn.
        log: gets one sentence for each cue that was not spoken or comes late.

    Returns:
        Where each cue's speech lies; None for one that was not spoken.

    Raises:
        UserError: nothing could be spoken, or the video cannot be read or not stand in an mp4.
    """
    import numpy as np

    from sonar_sign.speech.sounds import RATE, faster, read_wav

    found = _probed(video)
    end_s = found.duration_s
    with tempfile.TemporaryDirectory(prefix="dub.") as name:
        texts = [Text(f"{n:04d}", cue.text) for n, cue in enumerate(cues, start=1)]
        outcomes = speak_texts(
            texts, [cue.feeling for cue in cues], language, Path(name), options, log
        )
        sounds = [
            read_wav(Path(name) / f"{text.name}.wav") if isinstance(outcome, Spoken) else None
            for text, outcome in zip(texts, outcomes, strict=True)
        ]
    if not any(sound is not None for sound in sounds):
        raise UserError(f"{output} was not written: nothing of {video} was spoken.")
    lengths = [None if sound is None else len(sound) / RATE for sound in sounds]
    placed = place([cue.start_s for cue in cues], lengths, end_s)
    for number, (cue, one) in enumerate(zip(cues, placed, strict=True), start=1):
        if one is not None and one.start_s > cue.start_s + LATE_S:
            late = one.start_s - cue.start_s
            print(f"{video}: sentence {number} does not fit; it is {late:.1f} s late.", file=log)
    ends = [one.start_s + one.seconds for one in placed if one is not None]
    track = np.zeros(round(RATE * max(end_s, *ends)) + 1, np.float32)
    for sound, one in zip(sounds, placed, strict=True):
        if sound is not None and one is not None:
            first = round(RATE * one.start_s)
            fitted = faster(sound, one.faster)[: len(track) - first]
            track[first : first + len(fitted)] += fitted
    if max(ends) > end_s + LATE_S:
        print(f"{video}: the speech ends {max(ends) - end_s:.1f} s after the video.", file=log)
    _write(video, found, np.clip(track, -1, 1), output)
    return placed


def place(
    starts_s: Sequence[float], lengths_s: Sequence[float | None], end_s: float
) -> list[Placed | None]:
    """Lay utterances one after the other, each at its time or, where it must, later.

    Args:
        lengths_s: None for what was not spoken.
        end_s: when the video ends.
    """
    placed: list[Placed | None] = []
    free_s = 0.0
    for number, (start, length) in enumerate(zip(starts_s, lengths_s, strict=True)):
        if length is None:
            placed.append(None)
            continue
        later = [
            one
            for one, other in zip(starts_s[number + 1 :], lengths_s[number + 1 :], strict=True)
            if other is not None
        ]
        begin = max(start, free_s)
        room = (later[0] if later else max(end_s, begin)) - begin
        rate = min(FASTEST, max(1.0, length / room)) if room > 0 else FASTEST
        placed.append(Placed(begin, rate, length / rate))
        free_s = begin + length / rate
    return placed


def _probed(video: Path) -> "VideoInfo":
    from sonar_sign.core.video import VideoError, probe

    try:
        return probe(video)
    except VideoError as error:
        raise UserError(f"{video} cannot be read: {error.detail}.") from error


def _write(video: Path, found: "VideoInfo", track: "np.ndarray", output: Path) -> None:
    """The video's picture from its first frame on, and the track as AAC."""
    import av

    from sonar_sign.core.video_file import VideoError, open_video
    from sonar_sign.speech.sounds import RATE, frame_of

    try:
        content, origin_s = _picture(video, found)
        with (
            atomic_write(output) as temporary,
            open_video(content) as (source, stream),
            av.open(str(temporary), "w", format="mp4") as target,
        ):
            picture = target.add_stream_from_template(stream)
            sound = target.add_stream("aac", rate=RATE, layout="mono", bit_rate=BIT_RATE)
            origin = round(origin_s / stream.time_base)
            for packet in source.demux(stream):
                if packet.dts is None:
                    continue
                packet.pts = (packet.dts if packet.pts is None else packet.pts) - origin
                packet.dts -= origin
                packet.stream = picture
                target.mux(packet)
            for first in range(0, len(track), RATE):
                target.mux(sound.encode(frame_of(track[first : first + RATE], first)))
            target.mux(sound.encode(None))
    except (VideoError, av.error.FFmpegError, ValueError, TypeError) as error:
        raise UserError(
            f"{output} cannot be made of the picture of {video} ({_first(error)}); convert the "
            "video to an mp4 with H.264 first."
        ) from error


def _picture(video: Path, found: "VideoInfo") -> tuple[Path | BytesIO, Fraction]:
    """A video whose packets an mp4 can hold, and the time of its first frame."""
    from sonar_sign.core.video import read_frames
    from sonar_sign.core.video_clips import encode_clip

    if found.codec in COPIED and found.in_order:
        return video, found.origin_s
    height, width = found.height // 2 * 2, found.width // 2 * 2
    frames = (frame[:height, :width] for _, frame in read_frames(video, video=found))
    return BytesIO(encode_clip(frames, found.fps, QUALITY)), Fraction(0)


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
