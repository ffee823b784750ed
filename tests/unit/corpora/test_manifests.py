"""Manifests of anyone, given to `shard` and `summarise`."""

import pytest
from in_process import refusal, told

from sonar_sign.core.tables import write_rows
from sonar_sign.corpora.prepare import CLAMPED_COLUMNS, COLUMNS, DROPPED_COLUMNS

GOOD = {
    "clip_id": "a", "source": "v.mp4", "start_s": "0.0000", "end_s": "1.0000", "n_frames": "24",
    "fps": "24.000000", "signer": "5", "text": "Hi.", "text_raw": "Hi.",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    write_rows(tmp_path / "m.dropped.tsv", DROPPED_COLUMNS, [])
    write_rows(tmp_path / "m.clamped.tsv", CLAMPED_COLUMNS, [])
    return tmp_path


def write(folder, *rows):
    write_rows(
        folder / "m.tsv", COLUMNS, [[(GOOD | row)[name] for name in COLUMNS] for row in rows]
    )


def summarise(folder, *more):
    corpus = ("summarise", "--corpus", "x", "--corpus-type", "ssvp", "--manifest", folder / "m.tsv")
    return (*corpus, *more, "--output", folder / "s.json", "--plot", folder / "s.svg")


def shard(folder, *outputs):
    files = [word for name in outputs for word in ("--output", folder / name)]
    return ("shard", "--manifest", folder / "m.tsv", *files)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("clip_id", "../x"), ("clip_id", "a/b"), ("clip_id", "x" * 300), ("source", "/etc/passwd"),
        ("source", "a/../../b.mp4"), ("source", ""), ("start_s", "-1"), ("start_s", "1e400"),
        ("end_s", "abc"), ("end_s", "nan"), ("end_s", "inf"), ("end_s", ""), ("end_s", "1_0"),
        ("n_frames", "0"), ("n_frames", "2.5"), ("n_frames", "٣"), ("fps", "0"), ("fps", "-24"),
        ("fps", "24,0"),
    ],
)  # fmt: skip
def test_a_value_that_is_none_is_refused_with_its_line(folder, column, value):
    write(folder, {}, {"clip_id": "b", column: value})
    for command in (summarise(folder), shard(folder, "0.tsv")):
        assert f"m.tsv, line 3: {column} cannot be {value[:80]!r}" in refusal(*command)
    assert not (folder / "0.tsv").exists() and not (folder / "s.json").exists()


def test_a_clip_that_ends_before_it_starts_is_refused(folder):
    write(folder, {"start_s": "2.0", "end_s": "1.5"})
    assert "ends at 1.5 s and starts at 2.0 s" in refusal(*shard(folder, "0.tsv"))


@pytest.mark.parametrize("other", ["A", "a ", "a"])
def test_two_clips_with_nearly_one_id_are_refused(folder, other):
    write(folder, {}, {"clip_id": other})
    assert "lines 2 and 3" in refusal(*shard(folder, "0.tsv"))


def test_names_of_any_script_are_fine(folder):
    write(folder, {"clip_id": "👩‍🎤 é", "source": "ועוד/\u200f👩‍🎤.mp4"})
    told(*shard(folder, "0.tsv", "1.tsv"))
    told(*summarise(folder))


def test_counts_add_up_or_are_refused(folder):
    write(folder)
    assert "has no clips" in refusal(*summarise(folder))
    told(*shard(folder, "0.tsv"))  # an empty shard is valid
    write(folder, {})
    (folder / "more").mkdir()
    write(folder / "more", {})
    twice = summarise(folder, "--manifest", folder / "more/m.tsv")
    assert "Two manifests have the same name" in refusal(*twice)
    assert "twice" in refusal(*shard(folder, "0.tsv", "0.tsv"))
    write_rows(folder / "m.dropped.tsv", DROPPED_COLUMNS, [("b", "bored", "")])
    assert "unknown reason 'bored'" in refusal(*summarise(folder))
