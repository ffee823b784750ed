"""OpenASL: the published table, boxes and videos."""

import json
from pathlib import Path

import pytest
from small_files import write_video

from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import read_columns
from sonar_sign.corpora import open_corpus
from sonar_sign.corpora.prepare import prepare
from sonar_sign.corpora.shard import shard

HEADER = "vid yid start end raw-text tokenized-text gloss split".split()  # noqa: SIM905


def row(
    start: str, end: str, text: str = "Hello.", split: str = "train", yid: str = "a-_b"
) -> list:
    return [f"{yid}-{start}-{end}", yid, start, end, text, "hello .", "", split]


def make(root: Path, rows: list[list], boxes: dict | None = None, below: str = "") -> Path:
    folder = root / below
    folder.mkdir(exist_ok=True)
    lines = ["\t".join(fields) for fields in (HEADER, *rows)]
    (folder / "openasl-v1.0.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if boxes is not None:
        (folder / "bbox-v1.0.json").write_text(json.dumps(boxes))
    (root / "raw-video").mkdir(exist_ok=True)
    return root


@pytest.mark.parametrize("below", ["", "data"])
def test_the_published_layout(tmp_path, below):
    first, second = row("00:00:01.100", "00:00:02.000"), row("01:00:00.000", "01:00:01.500")
    first[4] = 'She said "no".'
    make(tmp_path, [first, second], {first[0]: [0.1, 0, 0.6, 1]}, below)
    (tmp_path / "raw-video/a-_b.mp4").touch()
    one, two = open_corpus("openasl", tmp_path).annotations("train")
    assert (one.clip_id, one.source) == ("a-_b-00:00:01_100-00:00:02_000", "raw-video/a-_b.mp4")
    assert (one.start_s, one.end_s, one.text) == (1.1, 2.0, 'She said "no".')
    assert (one.box, two.box) == ((0.1, 0.0, 0.6, 1.0), None)
    assert (two.start_s, two.end_s) == (3600.0, 3601.5)


def test_splits_and_rows_that_cannot_be_used(tmp_path):
    rows = [
        row("00:00:01.000", "00:00:02.000", split="train"),
        row("00:00:02.000", "00:00:03.000", split="valid"),
        row("00:00:03.000", "00:00:04.000", split="test"),
        row("00:00:04.000", "00:00:05.000", split="held-out"),
        row("00:00:05.000", "00:00:06.000")[:-1],
        row("00:00:06", "soon"),
        row("00:00:07.000", "00:00:08.000", yid="../up"),
        row("00:00:08.000", "00:00:09.000"),
        row("00:00:09.000", "00:00:10.000"),
    ]
    boxes = {rows[-2][0]: [0, 0, 0, 1], rows[-1][0]: "0 0 1 1"}
    corpus = open_corpus("openasl", make(tmp_path, rows, boxes))
    found = {split: corpus.annotations(split) for split in ("train", "val", "test")}
    assert {split: len(rows) for split, rows in found.items()} == {"train": 7, "val": 1, "test": 1}
    assert [a.problem.reason if a.problem else None for a in found["train"]] == [
        None, "malformed_row", "malformed_row", "bad_times", "bad_name", "bad_box", "bad_box",
    ]  # fmt: skip


def test_boxes_reach_the_shards(tmp_path):
    rows = [row("00:00:00.000", "00:00:01.000"), row("00:00:01.000", "00:00:02.000")]
    make(tmp_path, rows, {rows[0][0]: [0.125, 0, 0.5, 1.25]})
    write_video(tmp_path / "raw-video/a-_b.mp4", 72)
    manifest = tmp_path / "out/m.tsv"
    prepare("openasl", tmp_path, "train", manifest, tmp_path / "out/d.tsv", tmp_path / "out/c.tsv")
    shard(manifest, [tmp_path / "out/0000.tsv"])
    table = read_columns(tmp_path / "out/0000.tsv", ("clip_id", "box"))
    assert table["box"] == ["0.125000 0.000000 0.500000 1.250000", ""]


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("openasl-v1.0.tsv", None, "openasl-v1.0.tsv does not exist"),
        ("openasl-v1.0.tsv", "vid\tyid\n", "lacks the column start"),
        ("openasl-v1.0.tsv", "", "lacks the column vid"),
        ("bbox-v1.0.json", "{", "is not JSON"),
        ("bbox-v1.0.json", "[]", "no object of boxes by clip"),
    ],
)
def test_files_that_are_missing_or_others(tmp_path, name, text, sentence):
    make(tmp_path, [row("00:00:01.000", "00:00:02.000")], {})
    if text is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=sentence):
        open_corpus("openasl", tmp_path).annotations("train")
