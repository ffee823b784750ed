"""Speech of a job's texts; a real browser plays it in tests/workflow/test_serve.py."""

import wave
from pathlib import Path

from sonar_sign.models.hypothesis import Hypothesis
from sonar_sign.serving.requests import STYLES, JobRequest
from sonar_sign.serving.speaking import Speaker, joined_wav
from sonar_sign.speech.espeak_voices import VOICES
from sonar_sign.translation.request import Watch
from sonar_sign.translation.results import Translation

NO_VOICE = "fur_Latn"


def spoken(text: str, tmp_path: Path) -> list[dict]:
    part = Translation(tmp_path / "video", "one", 0.0, 1.0, {NO_VOICE: [Hypothesis(text, -1.0)]})
    events = []

    def report(event: str, **values) -> None:
        events.append({"event": event, **values})

    request = JobRequest((NO_VOICE,), ("one",), speak=True)
    Speaker("").speak(tmp_path / "video", [part], request, report, Watch())
    return events


def test_a_language_without_a_voice_is_a_note_that_proposes_another(tmp_path):
    (note,) = spoken("Mandi.", tmp_path)
    assert (note["event"], note["code"]) == ("note", "no_voice") and "ita_Latn" in note["sentence"]
    assert spoken(" ", tmp_path) == []


def test_styles_are_guessed_only_where_a_model_can():
    assert "auto" not in Speaker("").facts()["styles"]
    with_model = Speaker("/some/model").facts()
    assert with_model["styles"][0] == "auto" and set(with_model["styles"]) == set(STYLES)
    assert set(with_model["languages"]) <= {*VOICES, "eng_Latn"}


def test_parts_arejoined_wav_with_pauses(tmp_path):
    paths = []
    for number in range(3):
        path = tmp_path / f"{number}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(1000)
            file.writeframes(bytes(2 * 500))
        paths.append(path)
    joined = tmp_path / "joined.wav"
    joined.write_bytes(joined_wav(paths))
    with wave.open(str(joined)) as file:
        assert file.getnframes() == 3 * 500 + 2 * 300
