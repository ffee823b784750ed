"""A table of one's own: every format, every way to make splits, and rows that cannot be used."""

import csv
import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_files import write_video

from sonar_sign.core.corpus_options import CORPUS_TYPES, CorpusOptions
from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import read_columns
from sonar_sign.corpora import TYPES, open_corpus
from sonar_sign.corpora.prepare import prepare

ROWS = [
    {"path": "clips/a.mp4", "text": "One, two."},
    {"path": "clips/b.mp4", "text": 'She said "no".'},
    {"path": "clips/sub/ç.webm", "text": "Tre „quattro“ 五."},
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for row in ROWS:
        path = tmp_path / row["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def write(path: Path, rows: list[dict], encoding: str = "utf-8", delimiter: str = ",") -> None:
    """A table in the format of its name."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("\n".join(map(json.dumps, rows)), encoding=encoding)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows), encoding=encoding)
    else:
        names = list(dict.fromkeys(name for row in rows for name in row))
        delimiter = "\t" if path.suffix == ".tsv" else delimiter
        with path.open("w", encoding=encoding, newline="") as file:
            writer = csv.DictWriter(file, names, restval="", delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)


def opened(root: Path, **options):
    return open_corpus("table", root, CorpusOptions.of(options))


def all_rows(root: Path, **options) -> list:
    """The rows of all splits, in the order of the table."""
    corpus = opened(root, **options)
    splits = [split for split in ("train", "val", "test") if corpus.has(split)]
    return sorted((a for s in splits for a in corpus.annotations(s)), key=lambda a: a.row)


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "json", "parquet"])
def test_every_format_says_the_same(root, suffix):
    write(root / f"any.{suffix}", ROWS)
    found = all_rows(root)
    assert [(a.source, a.text) for a in found] == [(row["path"], row["text"]) for row in ROWS]
    assert [a.clip_id for a in found] == ["clips-a", "clips-b", "clips-sub-ç"]
    assert all(a.whole_video and a.problem is None for a in found)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_spreadsheets_write(root, encoding, delimiter):
    write(root / "any.csv", ROWS, encoding, delimiter)
    assert [a.text for a in all_rows(root)] == [row["text"] for row in ROWS]


def test_every_column(root):
    row = {
        "id": "first.one", "path": "clips/a.mp4", "text": "Ciao.", "start": "00:01:02.500",
        "end": "63.75", "split": "dev", "signer": " Ann  B", "source": "v", "language": "ita_Latn",
        "frame_rate": "50",
    }  # fmt: skip
    write(root / "any.tsv", [row])
    (found,) = opened(root).annotations("val")
    assert (found.clip_id, found.start_s, found.end_s) == ("first_one", 62.5, 63.75)
    assert (found.signer, found.language, found.frame_rate) == ("Ann B", "ita_Latn", 50.0)
    assert not found.whole_video


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_numbers_keep_their_value_and_nothing_is_nothing(root, suffix):
    rows = [
        {"path": "clips/a.mp4", "text": "x", "start": 1.1, "end": 2.0},
        {"path": "clips/a.mp4", "text": "y", "start": 1e-5, "end": None},
    ]
    write(root / f"any.{suffix}", rows)
    first, second = all_rows(root, split_shares={"test": 1})
    assert (first.start_s, first.end_s) == (1.1, 2.0)
    assert (second.start_s, second.end_s) == (1e-5, None)


def test_names_of_columns_are_mapped(root):
    write(root / "any.csv", [{"file": "clips/a.mp4", "english": "Hi.", "ital": "Ciao."}])
    columns = {"path": "file", "text": "english", "ita_Latn": "ital"}
    corpus = opened(root, columns=columns, split_shares={"test": 1})
    assert [a.text for a in corpus.annotations("test")] == ["Hi."]
    assert corpus.captions("test", "ita_Latn") == {"clips-a": "Ciao."}
    with pytest.raises(UserError, match="no column fra_Latn"):
        corpus.captions("test", "fra_Latn")


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({}, "no column text, only path, caption; say which it is in corpus.columns"),
        ({"text": "captoin"}, "no column 'captoin', which .* gives for text; did you mean caption"),
        ({"texts": "caption"}, "'texts' is no column; did you mean text"),
    ],
)
def test_a_column_that_is_missing(root, columns, sentence):
    write(root / "any.csv", [{"path": "clips/a.mp4", "caption": "Hi."}])
    with pytest.raises(UserError, match=sentence):
        opened(root, columns=columns).annotations("train")


def test_splits_by_file(root):
    write(root / "a.csv", ROWS[:2])
    write(root / "b.jsonl", ROWS[2:])
    corpus = opened(root, files={"train": "a.csv", "test": "b.jsonl"})
    assert len(corpus.annotations("train")) == 2 and len(corpus.annotations("test")) == 1
    assert not corpus.has("val")
    with pytest.raises(UserError, match="No table of split 'val'"):
        corpus.annotations("val")


def test_files_that_are_named_as_splits(root):
    write(root / "train.csv", ROWS[:2])
    write(root / "test.parquet", ROWS[2:])
    write(root / "notes.csv", [{"anything": "1"}])
    assert [a.text for a in opened(root).annotations("test")] == [ROWS[2]["text"]]


def test_splits_by_column(root):
    names = ["train", "Validation", "TEST", "unused"]
    rows = [{**ROWS[0], "id": str(at), "split": name} for at, name in enumerate(names)]
    write(root / "any.csv", rows)
    corpus = opened(root)
    assert [len(corpus.annotations(split)) for split in ("train", "val", "test")] == [2, 1, 1]
    problem = corpus.annotations("train")[1].problem
    assert problem.reason == "malformed_row" and "'unused'" in problem.detail
    with pytest.raises(UserError, match="splits of its own"):
        opened(root, split_shares={"test": 0.5}).annotations("train")


def many(root: Path, n_videos: int, per_video: int = 5) -> None:
    rows = [
        {"path": f"{video}.mp4", "text": "x", "start": str(at), "end": str(at + 1)}
        for video in range(n_videos)
        for at in range(per_video)
    ]
    write(root / "any.csv", rows)


def test_no_video_is_in_two_splits_and_none_is_lost(root):
    many(root, 100)
    corpus = opened(root)
    found = {s: corpus.annotations(s) for s in ("train", "val", "test")}
    videos = {split: {a.expected for a in rows} for split, rows in found.items()}
    assert {split: len(names) for split, names in videos.items()} == {
        "train": 80, "val": 10, "test": 10,
    }  # fmt: skip
    assert len(set().union(*videos.values())) == 100
    assert sum(map(len, found.values())) == 500


def test_a_further_video_moves_few_others(root):
    def split_of() -> dict[str, str]:
        corpus = opened(root)
        return {a.expected: s for s in ("train", "val", "test") for a in corpus.annotations(s)}

    many(root, 100)
    before = split_of()
    many(root, 101)
    after = split_of()
    assert sum(after[name] != split for name, split in before.items()) <= 2


def test_the_seed_makes_other_splits(root):
    many(root, 50)
    tests = [
        {a.expected for a in opened(root, split_seed=seed).annotations("test")} for seed in (1, 2)
    ]
    assert tests[0] != tests[1]


def test_what_was_recorded_together_stays_together(root):
    rows = [{"path": f"{at}.mp4", "text": "x", "source": f"day{at % 7}"} for at in range(70)]
    write(root / "any.csv", rows)
    corpus = opened(root, split_shares={"val": 0.2, "test": 0.2})
    days = Counter(
        (split, int(a.expected.removesuffix(".mp4")) % 7)
        for split in ("train", "val", "test")
        for a in corpus.annotations(split)
    )
    assert set(days.values()) == {10} and len(days) == 7


@pytest.mark.parametrize("n_videos", [3, 4, 5, 20])
def test_few_videos_still_make_every_split(root, n_videos):
    many(root, n_videos)
    assert all(opened(root).has(split) for split in ("train", "val", "test"))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "3 splits cannot be made of 2"),
        ({"split_shares": {"val": 0.6, "test": 0.6}}, "do not add up"),
        ({"split_shares": {"train": 0.5, "test": 0.1}}, "do not add up"),
        ({"files": {"train": "no.csv"}}, "no.csv is missing"),
        ({"files": {"train": "any.csv", "all": "any.csv"}}, "leave one out"),
        ({"join_gap_s": 1.0}, "have no use for join_gap_s"),
    ],
)
def test_options_that_cannot_be(root, options, sentence):
    many(root, 2)
    with pytest.raises(UserError, match=sentence):
        opened(root, **options).annotations("train")


def test_bad_rows_are_dropped_one_by_one(root):
    lines = [
        "id,path,text,start,end,language,frame_rate",
        "good,clips/a.mp4,Hi.,,,,",
        "more,fields,than,the,header,has,in,it",
        "../up,clips/a.mp4,Hi.,,,,",
        "out,../a.mp4,Hi.,,,,",
        "abs,/etc/passwd,Hi.,,,,",
        "none,,Hi.,,,,",
        "time,clips/a.mp4,Hi.,soon,2,,",
        "lang,clips/a.mp4,Hi.,,,english,",
        "rate,clips/a.mp4,Hi.,,,,fast",
        "gone,clips/no.mp4,Hi.,,,,",
    ]
    (root / "any.csv").write_text("\n".join(lines))
    found = all_rows(root, split_shares={"test": 1})
    assert [a.problem.reason if a.problem else None for a in found] == [
        None, "malformed_row", "bad_name", "bad_name", "bad_name", "bad_name", "bad_times",
        "bad_language", "bad_times", None,
    ]  # fmt: skip
    assert found[-1].source is None and found[-1].expected == "clips/no.mp4"
    assert [a.row for a in found] == list(range(2, 12))


def test_a_path_may_be_absolute_or_lack_its_suffix(root):
    write(root / "any.csv", [{"path": str(root / "clips/a.mp4"), "text": "x"}])
    assert all_rows(root, split_shares={"test": 1})[0].source == "clips/a.mp4"
    write(root / "any.csv", [{"path": "./clips/a", "text": "x"}])
    assert all_rows(root, split_shares={"test": 1})[0].source == "clips/a.mp4"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("any.csv", b"", "is empty"),
        ("any.csv", "path,text\na.mp4,é\n".encode("latin-1"), "not UTF-8 at byte .* line 2"),
        ("any.csv", b"path,text\na.mp4,x\0y\n", "NUL"),
        ("any.csv", b"path,text\n", "has no rows"),
        ("any.json", b"[]", "has no rows"),
        ("any.csv", b"path,text,text\na.mp4,x,y\n", "'text' more than once"),
        ("any.csv", b'path,text\na.mp4,"x\n', "line 2: a quoted field does not end"),
        ("any.json", b"{", "no row that is a JSON object"),
        ("any.json", b"[1", "is not JSON"),
        ("any.jsonl", b"[]\n1\n", "no row that is a JSON object"),
        ("any.parquet", b"PAR1 no", "cannot be read as Parquet"),
    ],
)
def test_files_that_are_no_tables(root, name, content, sentence):
    (root / name).write_bytes(content)
    with pytest.raises(UserError, match=sentence):
        opened(root).annotations("train")


def test_a_folder_without_a_table_or_with_several(root):
    with pytest.raises(UserError, match="There is no table in"):
        opened(root).annotations("train")
    for name in ("a.csv", "b.tsv"):
        write(root / name, ROWS)
    with pytest.raises(UserError, match=r"several tables in .* \(a.csv, b.tsv\)"):
        opened(root).annotations("train")
    assert len(all_rows(root, files={"all": "b.tsv"})) == 3


def test_json_lines_with_a_bad_line_lose_that_line_only(root):
    nested = json.dumps({"path": "clips/b.mp4", "text": ["x"], "info": {"a": 1}})
    lines = [
        json.dumps(ROWS[0]),
        "{",
        "[1]",
        nested,
        json.dumps({"path": "clips/b.mp4", "text": None}),
    ]
    (root / "any.jsonl").write_text("\n".join(lines))
    found = all_rows(root, split_shares={"test": 1})
    assert [a.problem.reason if a.problem else a.text for a in found] == [
        "One, two.", "malformed_row", "malformed_row", "", "",
    ]  # fmt: skip


def prepared(root: Path, **options) -> dict[str, list[str]]:
    out = [root / f"out/{name}.tsv" for name in ("m", "d", "c")]
    prepare("table", root, "test", *out, reading=CorpusOptions.of(options))
    return read_columns(out[0], ("clip_id", "text"))


def test_languages_are_in_the_manifest_where_somebody_says_so(root):
    for name in ("a", "b"):
        write_video(root / f"clips/{name}.mp4", 24)
    rows = [{**row, "split": "test"} for row in ROWS[:2]]
    write(root / "any.csv", rows)
    assert "language" not in prepared(root)
    assert prepared(root, caption_language="deu_Latn")["language"] == ["deu_Latn"] * 2
    rows[1]["language"] = "ita_Latn"
    write(root / "any.csv", rows)
    assert prepared(root)["language"] == ["", "ita_Latn"]
    assert prepared(root, caption_language="deu_Latn")["language"] == ["deu_Latn", "ita_Latn"]


def test_every_type_has_a_name_on_the_command_line():
    assert tuple(TYPES) == CORPUS_TYPES
