"""The formats of translations."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from sonar_sign.models.hypothesis import Hypothesis
from sonar_sign.translation.results import Translation
from sonar_sign.translation.subtitles import FORMATS, Writer


def translation(start_s, end_s, system="tiny", **texts):
    hypotheses = {
        language: [Hypothesis(text, -0.5 * rank) for rank, text in enumerate(ranked, start=1)]
        for language, ranked in texts.items()
    }
    timings = {"face": 12.4, "sign_hiera": 100.6}
    return Translation(
        Path("a.mp4"), system, start_s, end_s, hypotheses, (0, -5, 40, 35), "video",
        timings_ms=timings,
    )  # fmt: skip


TWO = [
    translation(0.0, 4.0, eng_Latn=["I am\n\nhere --> now."], ita_Latn=["Sono qui."]),
    translation(4.0, 3725.5004, eng_Latn=["Yes."], ita_Latn=["Sì."]),
]


def written(format, translations=TWO, timings=False, n_systems=1):
    stream = io.StringIO()
    writer = Writer(stream, format, timings, n_systems)
    for one in translations:
        writer.write(one)
    return stream.getvalue()


def test_text_is_a_line_per_language():
    one = translation(0.0, 4.0, eng_Latn=["Hello."], ita_Latn=["Ciao."])
    assert written("text", [one]) == (
        "a.mp4\t0.00-4.00\teng_Latn\tHello.\na.mp4\t0.00-4.00\tita_Latn\tCiao.\n"
    )
    assert written("text", [one], timings=True).splitlines()[2] == (
        "a.mp4\t# face 12 ms, sign_hiera 101 ms"
    )


def test_text_of_several_hypotheses_has_rank_and_score():
    one = translation(1.0, 2.5, eng_Latn=["Hello.", "Hi."])
    assert written("text", [one]).splitlines() == [
        "a.mp4\t1.00-2.50\teng_Latn\t1\t-0.500\tHello.",
        "a.mp4\t1.00-2.50\teng_Latn\t2\t-1.000\tHi.",
    ]


def test_webvtt():
    assert written("vtt") == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:04.000\nI am here -> now.\nSono qui.\n\n"
        "00:00:04.000 --> 01:02:05.500\nYes.\nSì.\n\n"
    )


def test_srt():
    assert written("srt") == (
        "1\n00:00:00,000 --> 00:00:04,000\nI am here -> now.\nSono qui.\n\n"
        "2\n00:00:04,000 --> 01:02:05,500\nYes.\nSì.\n\n"
    )


@pytest.mark.parametrize("timings", [False, True])
def test_json_lines(timings):
    first, second = map(json.loads, written("jsonl", timings=timings).splitlines())
    assert (first["video"], first["start_s"], first["end_s"]) == ("a.mp4", 0.0, 4.0)
    assert second["translations"]["ita_Latn"] == [{"text": "Sì.", "score": -0.5}]
    assert ("timings_ms" in first) is timings


def test_every_format_is_tested_here():
    assert set(FORMATS) == {"text", "jsonl", "srt", "vtt"}


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
@pytest.mark.parametrize("format", FORMATS)
def test_a_terminal_without_unicode_has_escapes(format, encoding):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    writer = Writer(stream, format, timings=False)
    writer.write(translation(0.0, 1.0, ita_Latn=["Sì, 手語."]))
    text = raw.getvalue().decode(encoding)
    assert "\\u624b" in text
    if format == "jsonl":
        assert json.loads(text)["translations"]["ita_Latn"][0]["text"] == "Sì, 手語."


@pytest.mark.parametrize("format", ["text", "srt", "vtt"])
def test_a_text_is_one_line(format):
    text = written(format, [translation(0.0, 1.0, eng_Latn=["a\tb\r\n\x0bc\x07\u2028d\x85e"])])
    assert "a b c\\x07 d e\n" in text


SIDE_BY_SIDE = [
    translation(0.0, 4.0, "first", eng_Latn=["One."], ita_Latn=["Uno."]),
    translation(0.0, 4.0, "second", eng_Latn=["Two."]),
]


def test_systems_side_by_side_share_a_cue():
    assert written("srt", SIDE_BY_SIDE, n_systems=2) == (
        "1\n00:00:00,000 --> 00:00:04,000\nfirst: One.\nfirst: Uno.\nsecond: Two.\n\n"
    )


def test_each_line_names_its_system_where_there_are_several():
    assert written("text", SIDE_BY_SIDE, n_systems=2).splitlines() == [
        "a.mp4\t0.00-4.00\tfirst\teng_Latn\tOne.",
        "a.mp4\t0.00-4.00\tfirst\tita_Latn\tUno.",
        "a.mp4\t0.00-4.00\tsecond\teng_Latn\tTwo.",
    ]
    lines = written("jsonl", SIDE_BY_SIDE, n_systems=2).splitlines()
    assert [json.loads(line)["system"] for line in lines] == ["first", "second"]


def test_a_text_that_only_repeats_makes_no_cue():
    repeats = replace(translation(0.0, 4.0, eng_Latn=[""]), note="it repeats the part before")
    assert written("srt", [repeats]) == ""
