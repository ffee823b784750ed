"""Speech under a video, at the times of its signs."""

import wave

import av
import numpy as np
import pytest
from hostile_uploads import encoded

from sonar_sign.serving.dubbing import PlacedSpeech, dub, join

RATE = 16000


def speech(path, seconds: float):
    samples = 8000 * np.sin(np.arange(int(seconds * RATE)) * 0.2)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "video"
    path.write_bytes(encoded(n_frames=72))
    return path


def loud_s(path) -> np.ndarray:
    """Seconds at which the sound is loud, in tenths."""
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
        sound = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    tenths = sound[: len(sound) // (rate // 10) * (rate // 10)].reshape(-1, rate // 10)
    return np.flatnonzero(np.abs(tenths).mean(axis=1) > 0.05) / 10


def test_speech_begins_with_its_part(tmp_path, video):
    parts = [
        PlacedSpeech(speech(tmp_path / "1.wav", 0.5), 0.0, 1.5),
        PlacedSpeech(speech(tmp_path / "2.wav", 0.5), 1.5, 3.0),
    ]
    assert not dub(video, parts, tmp_path / "out.mp4")
    loud = loud_s(tmp_path / "out.mp4")
    assert {0.1, 0.3, 1.6, 1.8} <= set(loud.round(1))
    assert not {0.8, 1.0, 1.2, 2.3, 2.6} & set(loud.round(1))


@pytest.mark.parametrize("seconds, overflows", [(1.1, False), (2.5, True)])
def test_long_speech_is_spoken_faster_and_it_is_said_where_that_is_not_enough(
    tmp_path, video, seconds, overflows
):
    parts = [
        PlacedSpeech(speech(tmp_path / "1.wav", seconds), 0.0, 1.0),
        PlacedSpeech(speech(tmp_path / "2.wav", 0.3), 1.0, 3.0),
    ]
    assert dub(video, parts, tmp_path / "out.mp4") == overflows


def test_all_parts_in_one_sound_file(tmp_path):
    parts = [PlacedSpeech(speech(tmp_path / f"{n}.wav", 0.5), n, n + 1) for n in range(3)]
    with wave.open(str(join(parts, tmp_path / "all.wav"))) as file:
        assert file.getnframes() / RATE == pytest.approx(3 * 0.5 + 2 * 0.3)
