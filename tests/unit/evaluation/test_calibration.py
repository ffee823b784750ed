"""Whether what a system says of its sentences goes with their quality."""

import numpy as np
import pandas as pd
import pytest
from comparison_files import IDS, REFERENCES, comparison_folder, corrupted, run
from frames import write_table
from scipy.stats import spearmanr

from sonar_sign.core.errors import UserError
from sonar_sign.metrics.chrf import CHRF, corpus_chrf

TEXTS = [
    text if n % 2 else wrong
    for n, (text, wrong) in enumerate(zip(REFERENCES, corrupted(REFERENCES, 0.6), strict=True))
]


@pytest.fixture
def folder(tmp_path):
    return comparison_folder(tmp_path)


def quality():
    statistics = corpus_chrf(TEXTS, REFERENCES).statistics
    return np.array([CHRF.score(row) for row in statistics])


def calibrated(folder, **columns):
    rows = pd.DataFrame({"clip_id": IDS, "prediction": TEXTS, **columns})
    write_table(folder / "A.tsv", rows)
    return run(folder, folder / "A.tsv", reference=folder / "test.tsv")["calibration"]


@pytest.mark.parametrize("noise", [0, 20, 1e6])
def test_the_number_is_spearmans(folder, noise):
    scores = np.round(quality() + noise * np.random.default_rng(0).normal(size=40), 1)
    found = calibrated(folder, score=[f"{score:.1f}" for score in scores])["A"]["decoder_score"]
    expected = spearmanr(scores, quality()).statistic
    assert found["rank_correlation"] == pytest.approx(expected)
    assert found["low"] <= found["rank_correlation"] <= found["high"] and found["n"] == 40
    assert [part["n"] for part in found["bins"]] == [4] * 10
    confidence = [part["confidence"] for part in found["bins"]]
    assert confidence == sorted(confidence)


def test_clips_without_a_score_are_left_out(folder):
    scores = [f"{value:.2f}" if n > 4 else "" for n, value in enumerate(quality())]
    found = calibrated(folder, score=scores, cosine=["0.5"] * 40)["A"]
    assert found["decoder_score"]["n"] == 35
    assert found["decoder_score"]["rank_correlation"] == pytest.approx(1, abs=1e-3)
    assert found["cosine"] == {"unknown": "all clips have the same score or quality"}
    assert "Calibration: rank correlation" in (folder / "out/comparison.md").read_text()


def test_predictions_without_scores_are_a_sentence(folder):
    assert calibrated(folder) == {}
    text = (folder / "out/comparison.md").read_text()
    assert "How sure the systems were of their sentences is not known" in text


@pytest.mark.parametrize("value", ["nan", "inf", "high", "1e300"])
def test_a_score_that_is_no_number_is_refused(folder, value):
    with pytest.raises(UserError, match="the score of c00 cannot be"):
        calibrated(folder, score=[value] + ["0"] * 39)


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_scores_may_be_numbers_where_a_file_has_numbers(folder, suffix):
    scores = [None if n == 3 else float(value) for n, value in enumerate(quality())]
    rows = pd.DataFrame({"clip_id": IDS, "prediction": TEXTS, "score": scores})
    path = folder / f"A.{suffix}"
    if suffix == "jsonl":
        rows.to_json(path, orient="records", lines=True, double_precision=15)
    else:
        rows.to_parquet(path)
    found = run(folder, path, reference=folder / "test.tsv")["calibration"]["A"]["decoder_score"]
    assert found["n"] == 39 and found["rank_correlation"] == pytest.approx(1)
