"""YouTube-ASL: a list of ids, and files as yt-dlp leaves them."""

import json
from pathlib import Path

import pytest
from small_files import write_video

from sonar_sign.core.corpus_options import CorpusOptions
from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import read_columns
from sonar_sign.corpora import open_corpus
from sonar_sign.corpora.prepare import prepare

VTT = """WEBVTT
Kind: captions
Language: en

NOTE made by hand

00:00:00.500 --> 00:00:01.000 align:start position:0%
<i>My name</i>

1
00:00:01.000 --> 00:00:02.000
is Ann. [waves]

00:00:02.000 --> 00:00:02.500
[Music]

00:00:02.500 --> 00:00:02.900
Bye.
"""


def make(root: Path, captions: dict[str, str], ids: list[str] | None = None) -> Path:
    """A corpus with captions by file name; ids that begin with `gone` have no video."""
    names = ids or sorted({name.split(".")[0] for name in captions})
    (root / "youtube_asl_video_ids.txt").write_text("\n".join(names) + "\n")
    for name in {*names}:
        if not name.startswith("gone") and "/" not in name:
            (root / f"{name}.mp4").touch()
    for name, text in captions.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def opened(root: Path, **options):
    return open_corpus("youtube_asl", root, CorpusOptions.of(options))


def found(root: Path, **options) -> list[tuple]:
    rows = opened(root, **options).annotations("train")
    return [
        (a.clip_id, a.start_s, a.end_s, a.problem.reason if a.problem else a.text) for a in rows
    ]


def test_web_vtt(tmp_path):
    assert found(make(tmp_path, {"a-_b.en.vtt": VTT})) == [
        ("a-_b_1-2", 0.5, 2.0, "My name is Ann."),
        ("a-_b_3", 2.0, 2.5, ""),
        ("a-_b_4", 2.5, 2.9, "Bye."),
    ]


def test_srt_and_json_say_the_same(tmp_path):
    srt = "1\n00:00:00,500 --> 00:00:01,000\nMy name\n\n2\n00:00:01,000 --> 00:00:02,000\nis Ann.\n"
    rows = [
        {"text": "My name", "start": 0.5, "duration": 0.5},
        {"text": "is Ann.", "start": 1.0, "duration": 1.0},
    ]
    root = make(tmp_path, {"a.en.srt": srt, "b.json": json.dumps(rows)})
    assert found(root) == [
        ("a_1-2", 0.5, 2.0, "My name is Ann."),
        ("b_1-2", 0.5, 2.0, "My name is Ann."),
    ]


def test_the_files_of_an_id(tmp_path):
    captions = {
        "a.en-GB.vtt": VTT.replace("Ann", "Bob"),
        "a.en.vtt": VTT,
        "a.de.vtt": VTT.replace("Ann", "Cem"),
        "a.info.json": "{}",
        "b.en-US.vtt": VTT,
        "c.de.vtt": VTT,
        "captions/d.en.vtt": VTT,
    }
    root = make(tmp_path, captions, ["a", "b", "c", "d", "e"])
    (root / "d.mp4").unlink()
    (root / "videos").mkdir()
    (root / "videos/d.webm").touch()
    rows = opened(root).annotations("train")
    assert [(a.clip_id, a.text) for a in rows if a.text.startswith("My")] == [
        (f"{name}_1-2", "My name is Ann.") for name in "abd"
    ]
    assert [a.clip_id for a in rows if a.problem] == ["c", "e"]
    assert all(a.problem.reason == "no_captions" for a in rows if a.problem)
    assert {a.source for a in rows} == {"a.mp4", "b.mp4", "c.mp4", "e.mp4", "videos/d.webm"}
    german = opened(root, caption_language="deu_Latn").annotations("train")
    assert [a.clip_id for a in german if a.text.startswith("My")] == ["a_1-2", "c_1-2"]
    watched = [path.name for path in opened(root).further_files("train")]
    assert watched == ["a.en.vtt", "b.en-US.vtt", "d.en.vtt"]


def test_limits_are_settings_and_each_drop_has_a_reason(tmp_path):
    root = make(tmp_path, {"a.en.vtt": VTT})
    assert [row[3] for row in found(root, max_sentence_s=0.6)] == [
        "My name",
        "too_long",
        "",
        "Bye.",
    ]
    assert [row[3] for row in found(root, max_sentence_characters=8)] == [
        "My name", "is Ann.", "", "Bye.",
    ]  # fmt: skip
    assert found(root, max_sentence_characters=5)[0][3] == "long_caption"


HOSTILE = """WEBVTT

00:00:05.000 --> 00:00:03.000
Reversed.

-00:00:01.000 --> 00:00:01.000
Early.

00:00:99.000 --> 00:01:00.000
No time.

00:00:01.000 --> 00:00:03.000
Same.

00:00:01.000 --> 00:00:03.000
Same.

99:00:00.000 --> 99:00:01.000
After the end.

00:00:03.000 --> 00:00:04.000
“Quotes”\t\tand 5 > 4 é.
00:00:04.000 --> 00:00:05.000
Without an empty line between.
"""


def test_hostile_cues_are_kept_or_dropped_and_all_are_counted(tmp_path):
    write_video(tmp_path / "a.mp4", 120)
    make_video = (tmp_path / "a.mp4").read_bytes()
    captions = {
        "a.en.vtt": HOSTILE, "latin.en.vtt": "", "null.en.vtt": "WEBVTT\n\n\0",
        "text.en.vtt": "no captions", "list.json": "{}", "odd.json": '[{"text": 3, "start": null}]',
    }  # fmt: skip
    ids = ["a", "a", "latin", "null", "text", "list", "odd", "gone1", "gone2", "../up", "no/slash"]
    make(tmp_path, captions, ids)
    (tmp_path / "a.mp4").write_bytes(make_video)
    (tmp_path / "latin.en.vtt").write_bytes(VTT.replace("Ann", "Zoé").encode("latin-1"))
    (tmp_path / "gone1.en.vtt").write_text(VTT)
    out = {name: tmp_path / f"out/{name}.tsv" for name in ("manifest", "dropped", "clamped")}
    prepare("youtube_asl", tmp_path, "train", *out.values())
    kept = read_columns(out["manifest"], ("clip_id", "text", "start_s", "end_s"))
    assert list(zip(kept["clip_id"], kept["start_s"], kept["end_s"], strict=True)) == [
        ("a_2", "0.0000", "1.0000"),
        ("a_4", "1.0000", "3.0000"),
        ("a_7", "3.0000", "4.0000"),
        ("a_8", "4.0000", "5.0000"),
    ]
    assert kept["text"][2] == '"Quotes" and 5 > 4 é.'
    table = read_columns(out["dropped"], ("clip_id", "reason"), key=None)
    assert sorted(zip(table["clip_id"], table["reason"], strict=True)) == [
        ("", "bad_name"),
        ("", "bad_name"),
        ("a", "duplicate_id"),
        ("a_1", "ends_before_start"),
        ("a_3", "bad_times"),
        ("a_5", "repeated_cue"),
        ("a_6", "starts_after_end"),
        ("gone1_1-2", "missing_file"),
        ("gone1_3", "missing_file"),
        ("gone1_4", "missing_file"),
        ("gone2", "missing_file"),
        ("latin", "no_captions"),
        ("list", "no_captions"),
        ("null", "no_captions"),
        ("odd_1", "unreadable"),
        ("text", "no_captions"),
    ]
    assert len(kept["clip_id"]) + len(table["reason"]) == len(opened(tmp_path).annotations("train"))


def test_videos_that_are_gone_are_counted(tmp_path, capsys):
    make(tmp_path, {"a.en.vtt": VTT, "gone1.en.vtt": VTT}, ["a", "gone1", "gone2"])
    write_video(tmp_path / "a.mp4", 72)
    prepare("youtube_asl", tmp_path, "train", *(tmp_path / f"out/{name}" for name in "mdc"))
    assert "note: 2 of 3 videos are missing" in capsys.readouterr().err


def test_splits_are_made_by_video(tmp_path):
    captions = {f"v{at:02d}.en.vtt": VTT for at in range(40)}
    root = make(tmp_path, captions)
    assert not opened(root).has("test")
    with pytest.raises(UserError, match=r"no videos of split 'test': set corpus.split_shares"):
        opened(root).annotations("test")
    corpus = opened(root, split_shares={"val": 0.1, "test": 0.2})
    videos = {
        split: {a.source for a in corpus.annotations(split)} for split in ("train", "val", "test")
    }
    assert {split: len(names) for split, names in videos.items()} == {
        "train": 28, "val": 4, "test": 8,
    }  # fmt: skip
    assert len(set().union(*videos.values())) == 40


def test_lists_by_split(tmp_path):
    root = make(tmp_path, {"a.en.vtt": VTT, "b.en.vtt": VTT})
    (root / "mine.txt").write_text("b\n")
    files = {"train": "youtube_asl_video_ids.txt", "test": "mine.txt"}
    assert {a.source for a in opened(root, files=files).annotations("test")} == {"b.mp4"}


def test_a_folder_without_the_list(tmp_path):
    with pytest.raises(UserError, match="list of video ids not found: .*youtube_asl_video_ids.txt"):
        opened(tmp_path).annotations("train")


def test_a_list_as_windows_writes_it(tmp_path):
    make(tmp_path, {"a.en.vtt": VTT})
    (tmp_path / "youtube_asl_video_ids.txt").write_text("a \r\n\r\n", encoding="utf-16")
    assert len(found(tmp_path)) == 3
