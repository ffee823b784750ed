"""Groups of clips and of words: each is scored as it would be alone."""

import pandas as pd
import pytest
import sacrebleu
from comparison_files import REFERENCES, comparison_folder, corrupted, run, table


@pytest.fixture
def folder(tmp_path):
    return comparison_folder(tmp_path)


def test_breakdowns(folder):
    path = table(folder, "A", corrupted(REFERENCES, 0.3))
    options = {"manifest": folder / "test.tsv", "training": [folder / "train.tsv"]}
    found = run(folder, path, reference=folder / "test.tsv", **options)["breakdowns"]
    assert set(found) == {
        *("reference_length", "source", "duration", "rate", "sentence_seen", "pronouns", "signer"),
        "word_frequency",
    }
    for by in ("reference_length", "source", "duration", "signer"):
        assert sum(group["n"] for group in found[by].values()) == 40
    rows = [n for n in range(40) if n % 3 == 1]
    predictions = pd.read_csv(path, sep="\t")["prediction"]
    expected = sacrebleu.corpus_bleu(
        [predictions[n] for n in rows], [[REFERENCES[n] for n in rows]]
    )
    assert found["signer"]["1"]["systems"]["A"] == pytest.approx(expected.score)
    assert [group["n"] for group in found["duration"].values()] == [2, 2, 4, 8, 24]
    assert all(0 <= g["systems"]["A"] <= 100 for g in found["word_frequency"].values())
