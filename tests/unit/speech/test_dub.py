"""`dub`: speech lies under a video at the times of its sentences."""

import io

import av
import numpy as np
import pytest
from small_files import numbered, write_video

from sonar_sign.core.errors import UserError
from sonar_sign.core.speech_options import EngineOptions
from sonar_sign.speech.dub import FASTEST, Cue, Placed, dub, place
from sonar_sign.speech.sounds import RATE, faster, read_wav

ESPEAK = EngineOptions(engine="espeak")


def test_each_utterance_lies_at_its_time() -> None:
    assert place([0.5, 4.0], [2.0, 1.0], 6.0) == [Placed(0.5, 1, 2.0), Placed(4.0, 1, 1.0)]


def test_what_is_too_long_is_made_faster_and_then_comes_late() -> None:
    first, second = place([0.0, 2.0], [2.2, 1.0], 5.0)
    assert first.faster == pytest.approx(1.1) and second.start_s == 2.0
    first, second, third = place([0.0, 2.0, 5.0], [4.8, 1.0, 1.0], 6.0)
    assert first.faster == FASTEST and first.seconds == pytest.approx(4.0)
    assert second.start_s == pytest.approx(4.0) and second.faster == 1.0
    assert third.start_s == 5.0


def test_what_was_not_spoken_leaves_its_time_to_the_one_before() -> None:
    first, second, third = place([0.0, 1.0, 3.0], [2.0, None, 1.0], 4.0)
    assert first == Placed(0.0, 1, 2.0) and second is None and third.start_s == 3.0


def test_faster_keeps_the_pitch() -> None:
    time = np.arange(2 * RATE) / RATE
    tone = (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    shorter = faster(tone, 1.2)
    assert len(shorter) / RATE == pytest.approx(2 / 1.2, abs=0.05)
    middle = shorter[RATE // 4 : RATE + RATE // 4]
    assert np.argmax(np.abs(np.fft.rfft(middle))) == pytest.approx(440, abs=2)


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / "v.mp4", [numbered(n, 64, 64) for n in range(120)])


def heard(path) -> np.ndarray:
    """Seconds in which there is sound, in tenths."""
    sound = read_wav(path)
    tenths = sound[: len(sound) // 2400 * 2400].reshape(-1, 2400)
    return np.flatnonzero(np.abs(tenths).max(axis=1) > 0.02) / 10


def test_the_picture_stays_and_the_sound_is_at_its_times(tmp_path, video) -> None:
    log = io.StringIO()
    cues = [Cue(0.5, "Ciao."), Cue(1.5, "..."), Cue(3.0, "Grazie.")]
    placed = dub(video, cues, "ita_Latn", tmp_path / "out.mp4", ESPEAK, log)
    assert [one and one.start_s for one in placed] == [0.5, None, 3.0]
    assert "0002 was not spoken" in log.getvalue()
    with av.open(str(video)) as before, av.open(str(tmp_path / "out.mp4")) as after:
        assert [p.pts * p.time_base for p in before.demux(video=0) if p.dts is not None] == [
            p.pts * p.time_base for p in after.demux(video=0) if p.dts is not None
        ]
    times = heard(tmp_path / "out.mp4")
    assert times.min() == pytest.approx(0.5, abs=0.11)
    later = times[times > 2]
    assert later.min() == pytest.approx(3.0, abs=0.11)
    assert times[times < 2].max() < 1.5


@pytest.mark.long
def test_what_does_not_fit_is_said_and_not_cut(tmp_path, video) -> None:
    log = io.StringIO()
    long = "Il treno parte alle sette dal secondo binario della stazione."
    cues = [Cue(0.0, long), Cue(1.0, long)]
    placed = dub(video, cues, "ita_Latn", tmp_path / "out.mp4", ESPEAK, log)
    assert placed[0].faster == FASTEST
    assert "sentence 2 does not fit; it is" in log.getvalue()
    assert "after the video" in log.getvalue()
    assert heard(tmp_path / "out.mp4").max() > 5


def test_what_cannot_be_dubbed_is_refused_and_nothing_is_written(tmp_path, video) -> None:
    out = tmp_path / "out.mp4"
    with pytest.raises(UserError, match="nothing of .* was spoken"):
        dub(video, [Cue(0.0, "")], "ita_Latn", out, ESPEAK, io.StringIO())
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(UserError, match="cannot be read"):
        dub(tmp_path / "text.mp4", [Cue(0.0, "Ciao.")], "ita_Latn", out, ESPEAK)
    assert not out.exists()
