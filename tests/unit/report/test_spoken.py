"""Pages that play what was spoken."""

import base64
import json

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.report.speech_page import speech_page
from sonar_sign.report.spoken import read_spoken

FEELING = {"style": "happy", "intensity": 0.8, "emphasis": 0, "source": "words"}
FEELING |= {"source_in_words": "guessed from the words"}


@pytest.fixture
def folder(tmp_path):
    """What `speak` wrote of two clips, one of them without a sound."""
    rows = [
        {"id": "a", "text": "Ciao <b>", "wav": "a.wav", "feeling": FEELING},
        {"id": "b", "text": "", "not_spoken": "its text is empty"},
    ]
    (tmp_path / "speech.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    (tmp_path / "a.wav").write_bytes(b"RIFF sound")
    return tmp_path


def test_the_page_holds_the_sounds_and_says_where_a_style_is_from(folder, tmp_path):
    speech_page({"s.seed2.ita_Latn": folder}, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert base64.b64encode(b"RIFF sound").decode() in page
    assert "happy 0.80, guessed from the words" in page and "Ciao &lt;b&gt;" in page
    assert "s.seed2, ita_Latn" in page and "not spoken: its text is empty" in page
    assert "<script" not in page


def test_names_and_damaged_folders_are_refused(folder):
    with pytest.raises(UserError, match="SYSTEM.LANGUAGE"):
        read_spoken({"finetuned": folder})
    (folder / "a.wav").unlink()
    with pytest.raises(UserError, match="a.wav"):
        read_spoken({"s.ita_Latn": folder})
    for line in ("{", "[]", '{"id": "../x", "text": "", "not_spoken": ""}', '{"id": "a"}'):
        (folder / "speech.jsonl").write_text(line + "\n")
        with pytest.raises(UserError):
            read_spoken({"s.ita_Latn": folder})
