"""Real rows through the readers of tables: the same texts, times and counts, by other ways."""

import csv

import pytest
from small_files import NO_REAL_DATA, REAL_DATA

from sonar_sign.core.corpus_options import CorpusOptions
from sonar_sign.corpora import open_corpus

pytestmark = pytest.mark.skipif(not REAL_DATA.is_dir(), reason=NO_REAL_DATA)

HOW2SIGN = {
    "path": "VIDEO_NAME",
    "id": "SENTENCE_NAME",
    "text": "SENTENCE",
    "start": "START_REALIGNED",
    "end": "END_REALIGNED",
}


def table(folder: str, file: str, split: str, columns: dict):
    options = CorpusOptions.of({"columns": columns, "files": {split: file}})
    return open_corpus("table", REAL_DATA / folder, options).annotations(split)


@pytest.mark.parametrize(("split", "n"), [("val", 1741), ("test", 2357)])
def test_how2signs_annotations_as_a_table(split, n):
    found = table("how2sign_annotations", f"how2sign_realigned_{split}.csv", split, HOW2SIGN)
    published = open_corpus("how2sign", REAL_DATA / "how2sign_annotations").annotations(split)
    assert len(found) == len(published) == n
    for ours, theirs in zip(found, published, strict=True):
        assert (ours.clip_id, ours.start_s, ours.end_s) == (
            theirs.clip_id, theirs.start_s, theirs.end_s,
        )  # fmt: skip
        assert (ours.row, ours.text, ours.problem) == (theirs.row, theirs.text, None)


@pytest.mark.parametrize(
    ("split", "n"), [pytest.param("train", 31_086, marks=pytest.mark.long), ("test", 2_349)]
)
def test_how2signs_captions_keep_every_quote(split, n):
    columns = {"path": "clip_id", "id": "clip_id"}
    found = table("how2sign_captions", f"{split}.tsv", split, columns)
    lines = (REAL_DATA / f"how2sign_captions/{split}.tsv").read_text().splitlines()[1:]
    assert len(found) == len(lines) == n
    assert [f"{a.clip_id}\t{a.text}" for a in found] == lines


def test_a_row_of_phoenix_as_a_table():
    path = REAL_DATA / "formats/phoenix14t/annotations/manual/PHOENIX-2014-T.dev.corpus.csv"
    with path.open() as file:
        (row,) = csv.DictReader(file, delimiter="|")
    columns = {"path": "name", "text": "translation", "signer": "speaker"}
    (found,) = table("formats/phoenix14t", str(path), "val", {**columns})
    assert (found.text, found.signer) == (row["translation"], "Signer01")


def test_real_clips_are_found():
    found = table(
        "how2sign_sample", "how2sign_realigned_train.csv", "train",
        {"path": "SENTENCE_NAME", "text": "SENTENCE", "id": "SENTENCE_ID"},
    )  # fmt: skip
    assert len(found) == 15 and found[0].expected
