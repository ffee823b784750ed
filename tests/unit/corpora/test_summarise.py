"""`summarise`: numbers that add up, and a plot."""

import json

import numpy as np
import pandas as pd
import pytest
from frames import write_table
from small_files import REAL_DATA

from sonar_sign.core.errors import UserError
from sonar_sign.corpora.drawn import SENTENCE_COLUMNS
from sonar_sign.corpora.prepare import CLAMPED_COLUMNS, COLUMNS, DROPPED_COLUMNS
from sonar_sign.corpora.summarise import SplitFiles, as_text, summarise


def clip(clip_id, source, start_s, end_s, signer, text):
    return (clip_id, source, start_s, end_s, "24", "24.0", signer, text, text)


def split(folder, name, clips, dropped=(), clamped=()):
    files = SplitFiles.of(folder / f"{name}.tsv")
    for path, columns, rows in (
        (files.manifest, COLUMNS, clips),
        (files.dropped, DROPPED_COLUMNS, dropped),
        (files.clamped, CLAMPED_COLUMNS, clamped),
    ):
        write_table(path, pd.DataFrame(list(rows), columns=list(columns), dtype="str"))
    return files


@pytest.fixture
def splits(tmp_path):
    return {
        "train": split(
            tmp_path,
            "train",
            [
                clip("a", "v.mp4", "0", "2", "5", "Yes."),
                clip("b", "v.mp4", "2", "6", "5", "Yes."),
                clip("c", "w.mp4", "0", "12", "8", "No."),
            ],
            [("d", "missing_file", "x"), ("e", "missing_file", "x"), ("f", "too_short", "x")],
            [("c", "0", "13", "12")],
        ),
        "test": split(
            tmp_path,
            "test",
            [clip("g", "u.mp4", "1", "2", "1", "No."), clip("h", "u.mp4", "3", "5", "1", "Ah.")],
        ),
    }


def run(splits, folder, corpus_type="how2sign"):
    output = folder / "summary.json"
    found = summarise("x", corpus_type, splits, output, folder / "durations.svg")
    assert json.loads(output.read_text()) == found
    return found


def test_the_numbers(splits, tmp_path):
    found = run(splits, tmp_path)
    train = found["splits"]["train"]
    assert (train["annotations"], train["clips"], train["clamped"], train["videos"]) == (6, 3, 1, 2)
    assert train["dropped"] == {"missing_file": 2, "too_short": 1}
    assert train["annotations"] == train["clips"] + sum(train["dropped"].values())
    assert train["hours"] == pytest.approx(18 / 3600, abs=5e-4)
    assert train["duration_s"] == {
        "mean": 6.0, "p0": 2.0, "p5": 2.2, "p25": 3.0, "p50": 4.0, "p75": 8.0, "p95": 11.2,
        "p100": 12.0,
    }  # fmt: skip
    assert train["clips_of_signers"] == {"5": 2, "8": 1}
    assert train["captions"] == {
        "distinct": 2,
        "occur_more_than_once": 1,
        "clips_with_those": 2,
    }
    # Of the paper (Duarte et al. 2021).
    assert train["annotations_official"]["paper"] == 31128
    shared = found["captions_in_two_splits"]["train, test"]
    assert shared == {"captions": 1, "clips_of_first": 1, "clips_of_second": 1}


def test_another_corpus_has_no_official_counts(splits, tmp_path):
    assert run(splits, tmp_path, "ssvp")["splits"]["train"]["annotations_official"] == {}


def test_the_text_says_it(splits, tmp_path):
    text = as_text(run(splits, tmp_path))
    assert "train: 3 clips of 6 annotated sentences" in text
    assert "dropped 2: neither the full video nor the sentence clip exists" in text
    assert "train, test: 1 captions in both" in text


def test_the_plot_is_the_same_every_time(splits, tmp_path):
    plots = []
    for _ in range(2):
        run(splits, tmp_path)
        plots.append((tmp_path / "durations.svg").read_bytes())
    assert plots[0] == plots[1]
    assert plots[0].startswith(b"<?xml") and b"duration of a clip" not in plots[0][:200]


def test_an_unknown_type(splits, tmp_path):
    with pytest.raises(UserError, match="'other' is not one of"):
        run(splits, tmp_path, "other")


@pytest.mark.skipif(not REAL_DATA.exists(), reason="real annotations are not in the repository")
def test_the_real_annotations_repeat_as_their_notes_say():
    # shared/data/README.md: 219 sentences of val and 358 of test occur more than once.
    from sonar_sign.corpora import open_corpus

    corpus = open_corpus("how2sign", REAL_DATA / "how2sign_annotations")
    for name, n_rows, repeated in (("val", 1741, 219), ("test", 2357, 358)):
        texts = pd.Series([a.text for a in corpus.annotations(name)])
        assert len(texts) == n_rows
        assert int((texts.value_counts() > 1).sum()) == repeated
        assert np.isfinite([a.end_s - a.start_s for a in corpus.annotations(name)]).all()


def test_what_is_hard_about_a_synthetic_corpus_is_counted(splits, tmp_path):
    table = tmp_path / "sentences_test.tsv"
    rows = [
        ("g", "1", "BOB", "1", "0", "0", "0", "0.00"),
        ("h", "1", "", "0", "0", "1", "0", "0.9"),
    ]
    write_table(table, pd.DataFrame(rows, columns=list(SENTENCE_COLUMNS), dtype="str"))
    splits["test"] = SplitFiles.of(splits["test"].manifest, table)
    found = run(splits, tmp_path, "demo")
    assert "clips_with" not in found["splits"]["train"]
    assert found["splits"]["test"]["clips_with"]["needs_context"] == 2
    assert "needs_context 2, spelled 1" in as_text(found)
