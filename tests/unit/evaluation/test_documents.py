"""Whole videos as texts: in the order of their sentences, scored as sacreBLEU scores them."""

import pandas as pd
import pytest
import sacrebleu
from comparison_files import IDS, REFERENCES, comparison_folder, corrupted, run, table
from frames import write_table

from sonar_sign.evaluation.documents import BY_NUMBER, BY_START

TEXTS = corrupted(REFERENCES, 0.3)


@pytest.fixture
def folder(tmp_path):
    return comparison_folder(tmp_path)


def joined(texts, order):
    return [" ".join(texts[n] for n in order if n // 5 == video) for video in range(8)]


@pytest.mark.parametrize("start", [None, "start_s"])
def test_documents_are_videos_in_the_order_of_their_sentences(folder, start):
    manifest = pd.read_csv(folder / "test.tsv", sep="\t", dtype=str)
    order = range(40)
    if start:
        # The last sentence of a video is signed first.
        manifest = manifest.assign(start_s=[f"{100.5 - n}" for n in range(40)])
        order = range(39, -1, -1)
    write_table(folder / "about.tsv", manifest)
    # Rows in any order: ids or times say which sentence comes first.
    write_table(folder / "references.tsv", manifest.sample(frac=1, random_state=1))
    options = {"reference": folder / "references.tsv", "manifest": folder / "about.tsv"}
    found = run(folder, table(folder, "A", TEXTS), **options)["documents"]
    assert found["n"] == 8
    assert found["order"] == (BY_START if start else BY_NUMBER)
    expected = sacrebleu.corpus_bleu(joined(TEXTS, order), [joined(REFERENCES, order)]).score
    cell = found["systems"]["A"]["bleu_4"]
    assert cell["value"] == pytest.approx(expected)
    assert cell["low"] < cell["value"] < cell["high"]
    assert "Whole videos (8)" in (folder / "out/comparison.md").read_text()


def test_clips_that_are_videos_are_no_documents(folder):
    one_each = pd.DataFrame({"clip_id": IDS, "text": REFERENCES})
    write_table(folder / "each.tsv", one_each)
    comparison = run(folder, table(folder, "A", TEXTS), reference=folder / "each.tsv")
    assert comparison["documents"] == {}
