"""What `translate --speak` and `--dub` write: sentences of videos, by system and language."""

import io
import json
from pathlib import Path

import pytest
from small_files import write_video

from sonar_sign.core.errors import UserError
from sonar_sign.core.speech_options import EngineOptions, StyleOptions
from sonar_sign.speech.translated import TranslatedSpeech

ITALIAN = {"ita_Latn": "Ciao."}


def speech(speak: Path | None, dub: Path | None, **style) -> TranslatedSpeech:
    engine = EngineOptions(engine="espeak")
    return TranslatedSpeech(speak, dub, StyleOptions(**style), engine, io.StringIO())


@pytest.mark.long
def test_sentences_of_a_video_are_numbered_by_language(tmp_path):
    said = speech(tmp_path / "out", None, style="happy")
    said.add("finetuned", Path("v.mp4"), 0.0, {"ita_Latn": "Uno.", "eng_Latn": "One."})
    said.add("finetuned", Path("v.mp4"), 2.0, {"ita_Latn": "Due.", "eng_Latn": " "})
    assert said.finish()
    found = sorted(str(path.relative_to(tmp_path / "out")) for path in tmp_path.rglob("*.wav"))
    assert found == ["v.eng_Latn/0001.wav", "v.ita_Latn/0001.wav", "v.ita_Latn/0002.wav"]
    record = json.loads((tmp_path / "out/v.ita_Latn/0002.json").read_text())
    assert record["text"] == "Due." and record["feeling"]["source"] == "given"


@pytest.mark.long
def test_one_video_is_dubbed_into_a_file_and_several_into_a_folder(tmp_path):
    videos = [write_video(tmp_path / name, 72) for name in ("a.mp4", "b.mp4")]
    one = speech(None, tmp_path / "one.mp4")
    one.add("s", videos[0], 0.5, ITALIAN)
    assert one.finish() and (tmp_path / "one.mp4").is_file()
    both = speech(None, tmp_path / "both")
    for system in ("s", "t"):
        both.add(system, videos[0], 0.5, ITALIAN)
    both.add("s", videos[1], 0.5, ITALIAN)
    both.add("s", tmp_path / "gone.mp4", 0.5, ITALIAN)
    assert not both.finish()  # the others are written
    assert "gone.mp4" in both.log.getvalue()
    names = sorted(path.name for path in (tmp_path / "both").iterdir())
    assert names == ["a.s.ita_Latn.mp4", "a.t.ita_Latn.mp4", "b.s.ita_Latn.mp4"]


def test_outputs_of_one_name_and_one_file_for_several_are_refused(tmp_path):
    same = speech(tmp_path / "out", None)
    for folder in ("a", "b"):
        same.add("s", Path(folder) / "v.mp4", 0.0, ITALIAN)
    with pytest.raises(UserError, match="both be spoken as v.ita_Latn"):
        same.finish()
    (tmp_path / "file.mp4").touch()
    several = speech(None, tmp_path / "file.mp4")
    for name in ("a.mp4", "b.mp4"):
        several.add("s", Path(name), 0.0, ITALIAN)
    with pytest.raises(UserError, match="give a folder"):
        several.finish()
    assert not (tmp_path / "out").exists()
