"""Intervals and tests by resampling, against what statistics says and against sacreBLEU."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from sonar_sign.evaluation.resampling import Resampling
from sonar_sign.metrics import corpus_bleu
from sonar_sign.metrics.base import mean_percentage

RNG = np.random.default_rng(5)


def test_the_interval_of_a_mean_is_the_normal_one():
    scores = RNG.random(400)
    interval = Resampling([f"v{n}" for n in range(400)]).interval(mean_percentage(scores))
    half = 100 * norm.ppf(0.975) * scores.std() / np.sqrt(400)
    assert interval.low == pytest.approx(100 * scores.mean() - half, abs=0.35)
    assert interval.high == pytest.approx(100 * scores.mean() + half, abs=0.35)


def test_sentences_of_one_video_are_not_independent():
    # Ten videos whose twenty sentences all score the same: ten observations, not two hundred.
    scores = np.repeat(RNG.random(10), 20)
    measured = mean_percentage(scores)
    of_videos = Resampling(np.repeat(np.arange(10), 20).astype(str)).interval(measured)
    of_sentences = Resampling(np.arange(200).astype(str)).interval(measured)
    ratio = (of_videos.high - of_videos.low) / (of_sentences.high - of_sentences.low)
    assert ratio == pytest.approx(np.sqrt(20), rel=0.25)


def test_the_seed_decides():
    measured = mean_percentage(RNG.random(50))
    sources = [str(n // 5) for n in range(50)]
    first, again, other = (Resampling(sources, seed).interval(measured) for seed in (1, 1, 2))
    assert first == again != other


def test_equal_systems_do_not_differ():
    measured = mean_percentage(RNG.random(60))
    for test in Resampling([str(n) for n in range(60)]).tests(measured, measured):
        assert (test.difference, test.p) == (0, 1)


def test_a_difference_in_every_clip_is_significant():
    worse = RNG.random(60)
    better = mean_percentage(worse + 0.1)
    for test in Resampling([str(n) for n in range(60)]).tests(better, mean_percentage(worse)):
        assert test.difference == pytest.approx(10)
        assert test.p == pytest.approx(1 / 1001)


def test_chance_is_rarely_significant():
    rng = np.random.default_rng(0)
    found = {"paired_bootstrap": [], "approximate_randomisation": []}
    resampling = Resampling([str(n) for n in range(80)], samples=200)
    for _ in range(100):
        pair = (mean_percentage(rng.random(80)) for _ in range(2))
        for test in resampling.tests(*pair):
            found[test.test].append(test.p)
    for p_values in found.values():
        assert 0.0 <= np.mean(np.array(p_values) < 0.05) <= 0.12
        assert 0.35 < np.mean(p_values) < 0.65


def test_one_video_knows_nothing():
    measured = mean_percentage(RNG.random(9))
    resampling = Resampling(["v"] * 9)
    interval = resampling.interval(measured)
    assert interval.low == interval.high == pytest.approx(measured.value)
    assert all(t.p == 1 for t in resampling.tests(measured, mean_percentage(RNG.random(9))))


WORDS = "the a cat dog sits runs on under mat tree big small now".split()  # noqa: SIM905


def sentences(rng, n):
    return [" ".join(rng.choice(WORDS, rng.integers(4, 12))) for _ in range(n)]


def corrupted(rng, texts, share):
    return [
        " ".join(w if rng.random() > share else str(rng.choice(WORDS)) for w in text.split())
        for text in texts
    ]


@pytest.mark.parametrize(
    "flag, test", [("bs", "paired_bootstrap"), ("ar", "approximate_randomisation")]
)
def test_the_p_values_are_like_sacrebleus(tmp_path, flag, test):
    """sacreBLEU resamples sentences; here every sentence is a video."""
    rng = np.random.default_rng(3)
    references = sentences(rng, 120)
    systems = [corrupted(rng, references, share) for share in (0.30, 0.36)]
    for name, texts in (("ref", references), ("a", systems[0]), ("b", systems[1])):
        (tmp_path / name).write_text("\n".join(texts) + "\n")
    command = [Path(sys.executable).with_name("sacrebleu"), tmp_path / "ref", "-i", tmp_path / "a",
               tmp_path / "b", "-m", "bleu", f"--paired-{flag}", "--format", "json"]  # fmt: skip
    import json

    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    p_value = told[1]["BLEU"]["p_value"]
    first, second = (corpus_bleu(texts, references)[3] for texts in systems)
    resampling = Resampling([str(n) for n in range(120)])
    (ours,) = [t for t in resampling.tests(first, second) if t.test == test]
    assert ours.difference == pytest.approx(
        told[0]["BLEU"]["score"] - told[1]["BLEU"]["score"], abs=0.1
    )
    assert ours.p == pytest.approx(p_value, abs=0.06)
    if flag == "bs":
        interval = resampling.interval(first)
        assert (interval.high - interval.low) / 2 == pytest.approx(told[0]["BLEU"]["ci"], rel=0.15)
