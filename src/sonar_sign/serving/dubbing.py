"""Speech laid under a video at the times of its signs, and joined into one sound file."""

import wave
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from sonar_sign.core.video import probe, read_frames

# Speech that takes longer than its signs is spoken at most so much faster.
FASTEST = 1.2
PAUSE_S = 0.3
QUALITY, MAX_SIDE = "26", 1280


@dataclass(frozen=True)
class PlacedSpeech:
    """The speech of one part of a video."""

    wav: Path
    start_s: float
    """Where the part begins."""
    end_s: float


def join(parts: Sequence[PlacedSpeech], output: Path) -> Path:
    """Write all parts one after the other, with short pauses; mono, 16 bits."""
    sounds = [_read(one.wav) for one in parts]
    rate = sounds[0][1]
    pause = np.zeros(int(PAUSE_S * rate), np.int16)
    pieces = [piece for sound, _ in sounds for piece in (sound, pause)][:-1]
    _write(output, np.concatenate(pieces), rate)
    return output


def dub(video: Path, parts: Sequence[PlacedSpeech], output: Path) -> bool:
    """Write an mp4 of the video with the speech as its sound.

    Returns:
        Whether some speech does not fit: it is longer than its part, even 20 % faster.

    Raises:
        VideoError: the video cannot be decoded.
    """
    info = probe(video)
    rate = _read(parts[0].wav)[1]
    sound = np.zeros(int((info.duration_s + 0.5) * rate), np.int16)
    overflows, busy_until = False, 0.0
    for number, one in enumerate(parts):
        following = parts[number + 1].start_s if number + 1 < len(parts) else info.duration_s
        samples = _read(one.wav)[0]
        room_s = max(0.1, following - max(one.start_s, busy_until))
        speed = len(samples) / rate / room_s
        if speed > 1:
            overflows |= speed > FASTEST
            samples = _faster(samples, rate, min(speed, FASTEST))
        start = int(max(one.start_s, busy_until) * rate)
        if start + len(samples) > len(sound):
            sound = np.pad(sound, (0, start + len(samples) - len(sound)))
        sound[start : start + len(samples)] = samples
        busy_until = (start + len(samples)) / rate
    _mux(video, info, sound, rate, output)
    return overflows


def _mux(video: Path, info, sound: np.ndarray, rate: int, output: Path) -> None:
    fps = info.rate.limit_denominator(1001)
    scale = min(1.0, MAX_SIDE / max(info.width, info.height))
    width, height = (max(2, int(side * scale) // 2 * 2) for side in (info.width, info.height))
    with av.open(str(output), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        pictures = container.add_stream(
            "libx264", rate=fps, options={"crf": QUALITY, "preset": "veryfast"}
        )
        pictures.width, pictures.height, pictures.pix_fmt = width, height, "yuv420p"
        speech = container.add_stream("aac", rate=rate)
        speech.layout = "mono"
        for number, frame in read_frames(video, 0, None, info):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(width, height)
            picture.pts, picture.time_base = number, 1 / fps
            container.mux(pictures.encode(picture))
        container.mux(pictures.encode())
        piece = speech.codec_context.frame_size or 1024
        for start in range(0, len(sound), piece):
            samples = sound[None, start : start + piece]
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "s16", "mono")
            frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
            container.mux(speech.encode(frame))
        container.mux(speech.encode())


def _faster(samples: np.ndarray, rate: int, speed: float) -> np.ndarray:
    """The same pitch in less time."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=rate, format="s16", layout="mono")
    tempo, sink = graph.add("atempo", f"{speed:.4f}"), graph.add("abuffersink")
    source.link_to(tempo)
    tempo.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(samples[None], "s16", "mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    graph.push(frame)
    graph.push(None)
    pieces = []
    while True:
        try:
            pieces.append(graph.pull().to_ndarray()[0])
        except (av.error.EOFError, av.error.BlockingIOError):
            return np.concatenate(pieces) if pieces else samples


def _read(path: Path) -> tuple[np.ndarray, int]:
    """Samples `(n,)` int16 of a mono WAV, and samples per second."""
    with wave.open(str(path), "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2"), file.getframerate()


def _write(path: Path, samples: np.ndarray, rate: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
