"""`speak` on the command line: files of texts, what is written, and what is refused."""

import hashlib
import json
import wave
from pathlib import Path

import numpy as np
import pytest
from in_process import refusal, told

from sonar_sign.speech.espeak_voices import RELATED, VOICES
from sonar_sign.speech.speak import MAX_CHARACTERS

SILENT = "..."


def speak(text, folder: Path, *words) -> list[dict]:
    """The lines of `speech.jsonl`."""
    told("speak", text, "--output", folder, "--engine", "espeak", *words)
    return rows(folder)


def rows(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "speech.jsonl").read_text().splitlines()]


def test_a_text_becomes_a_sound_and_a_record(tmp_path):
    (row,) = speak("Ciao.", tmp_path, "--language", "ita_Latn", "--style", "sad")

    assert row["id"] == "0001" and row["text"] == "Ciao." and row["voice"].endswith("it+f5")
    assert row["feeling"]["style"] == "sad" and row["feeling"]["source"] == "given"
    with wave.open(str(tmp_path / row["wav"])) as sound:
        assert sound.getnframes() / sound.getframerate() == pytest.approx(row["seconds"])
    content = (tmp_path / row["wav"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == row["wav_sha256"]
    assert json.loads((tmp_path / "0001.json").read_text()) == row


def test_the_texts_of_a_table_have_its_ids(tmp_path):
    table = tmp_path / "predictions.tsv"
    table.write_text(f"clip_id\tprediction\nb\tHello.\na\t\nc\t{SILENT}\nd\tGood bye.\n")
    words = ("speak", table, "--output", tmp_path / "out", "--engine", "espeak")

    assert "2 of 4 texts were not spoken" in refusal(*words)
    found = rows(tmp_path / "out")
    assert [row["id"] for row in found] == ["b", "a", "c", "d"]
    assert [row.get("not_spoken", "")[:12] for row in found] == [
        "",
        "its text is ",
        "The text hol",
        "",
    ]
    assert "2 of 4 texts were spoken" in told(*words, "--keep-going")


def test_texts_of_a_list_are_numbered(tmp_path):
    (tmp_path / "texts.txt").write_text("One.\n\nTwo.\n")
    assert [row["text"] for row in speak(tmp_path / "texts.txt", tmp_path)] == ["One.", "Two."]
    (tmp_path / "texts.txt").write_text("\n\n")
    assert "no text to speak" in refusal("speak", tmp_path / "texts.txt", "--output", tmp_path)


def test_samples_choose_clips(tmp_path):
    (tmp_path / "p.tsv").write_text("clip_id\tprediction\na\tOne.\nb\tTwo.\nc\tThree.\n")
    samples = tmp_path / "samples.json"
    samples.write_text('[{"clip_id": "c"}, {"clip_id": "a"}, {"clip_id": "c"}]')
    found = speak(tmp_path / "p.tsv", tmp_path / "out", "--samples", samples)
    assert [row["id"] for row in found] == ["c", "a"]
    samples.write_text('[{"clip_id": "d"}]')
    assert "'d'" in refusal(
        "speak", tmp_path / "p.tsv", "--output", tmp_path / "out", "--samples", samples
    )


def test_nothing_spoken_at_all_fails_even_where_others_would_go_on(tmp_path):
    text = refusal("speak", SILENT, "--output", tmp_path, "--engine", "espeak", "--keep-going")
    assert "1 of 1 texts were not spoken" in text


def test_a_language_without_a_voice_is_refused_with_the_nearest(tmp_path):
    words = ("--output", tmp_path, "--language")
    assert "nearest that has one is ita_Latn" in refusal("speak", "Mandi.", *words, "fur_Latn")
    english = refusal("speak", "Hello.", *words, "ita_Latn", "--engine", "hibari")
    assert "English (eng_Latn) only" in english
    assert list(tmp_path.iterdir()) == []
    assert set(RELATED.values()) <= set(VOICES) and not set(RELATED) & set(VOICES)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nothing.txt"], "There is no file nothing.txt"),
        (["."], "is a folder"),
        (["Hello.", "--python", "no_such_python"], "no_such_python is no program"),
        (["Hello.", "--hands"], "--hands needs the clips' landmarks"),
        (["Hello.", "--text-model", "nothing"], "--text-model nothing is no folder"),
        (["Hello.", "--style", "bored"], "--style"),
    ],
)
def test_mistakes_are_one_sentence(tmp_path, words, sentence):
    assert sentence in refusal("speak", *words, "--output", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_file_of_texts_is_not_replaced(tmp_path):
    own = tmp_path / "speech.jsonl"
    own.write_text('{"id": "a", "text": "One."}\n')
    assert "input" in refusal("speak", own, "--output", tmp_path, "--engine", "espeak")
    assert own.read_text() == '{"id": "a", "text": "One."}\n'


@pytest.mark.parametrize(
    "name", ["../out", "a/b", "..", "a\\b", "\u202ea"[:1] + "x" * 300], ids=repr
)
def test_names_stay_in_their_folder(tmp_path, name):
    texts = tmp_path / "texts.jsonl"
    texts.write_text(json.dumps({"id": name, "text": "One."}) + "\n")
    refusal("speak", texts, "--output", tmp_path / "out", "--engine", "espeak")
    assert [path.name for path in tmp_path.iterdir()] == ["texts.jsonl"]


def test_hostile_texts_are_read_or_named(tmp_path):
    """Markup is text; what is too long or cannot be pronounced is named."""
    texts = [
        'Ciao <break time="9000s"/> a tutti',
        "[[h@l'oU]] $(reboot) `id`",
        "😀 🤟",
        "\u202ecba\u202c \u0007 x",
        "x" * (MAX_CHARACTERS + 1),
        "a" * MAX_CHARACTERS,
    ]
    lines = [json.dumps({"id": f"t{n}", "text": text}) for n, text in enumerate(texts)]
    (tmp_path / "t.jsonl").write_text("\n".join(lines))
    found = speak(tmp_path / "t.jsonl", tmp_path, "--language", "ita_Latn", "--keep-going")
    spoken = ["seconds" in row for row in found]
    assert spoken[0] and spoken[1] and spoken[3] and not spoken[4]
    assert "more than 2000" in found[4]["not_spoken"]
    assert 1 < found[0]["seconds"] < 20


def test_the_same_text_in_a_style_has_other_samples_of_the_same_level(tmp_path):
    """Loudness is the style's, not the text's."""
    sad, angry = (
        speak("Il treno parte.", tmp_path / style, "--language", "ita_Latn", "--style", style)
        for style in ("sad", "angry")
    )
    assert level(tmp_path / "angry/0001.wav") > level(tmp_path / "sad/0001.wav") + 5
    assert angry[0]["seconds"] < sad[0]["seconds"]


def level(path: Path) -> float:
    with wave.open(str(path)) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(float)
    return 10 * np.log10(np.mean(samples**2))
