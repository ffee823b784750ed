"""Intervals and tests by resampling, against statistics' formulas and against sacreBLEU."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm, t

from sonar_sign.evaluation.resampling import STUDENT_QUANTILES, Resampling, expansion
from sonar_sign.evaluation.seeds import MetricOverSeeds
from sonar_sign.metrics.base import mean_percentage
from sonar_sign.metrics.bleu import corpus_bleu

RNG = np.random.default_rng(5)


def one(metric):
    """A metric of a system with a single seed."""
    return MetricOverSeeds({1: metric})


def mean(scores):
    return one(mean_percentage(scores))


def test_the_interval_of_a_mean_is_the_normal_one():
    scores = RNG.random(400)
    interval = Resampling([f"v{n}" for n in range(400)]).interval(mean(scores))
    half = 100 * norm.ppf(0.975) * scores.std() / np.sqrt(400)
    assert interval.low == pytest.approx(100 * scores.mean() - half, abs=0.35)
    assert interval.high == pytest.approx(100 * scores.mean() + half, abs=0.35)


def test_sentences_of_one_video_are_not_independent():
    # Ten videos whose twenty sentences all score the same: ten observations, not two hundred.
    scores = np.repeat(RNG.random(10), 20)
    metric = mean(scores)
    of_videos = Resampling(np.repeat(np.arange(10), 20).astype(str)).interval(metric)
    of_sentences = Resampling(np.arange(200).astype(str)).interval(metric)
    ratio = (of_videos.high - of_videos.low) / (of_sentences.high - of_sentences.low)
    assert ratio == pytest.approx(np.sqrt(20), rel=0.25)


def test_the_seed_decides():
    metric = mean(RNG.random(50))
    sources = [str(n // 5) for n in range(50)]
    first, again, other = (Resampling(sources, seed).interval(metric) for seed in (1, 1, 2))
    assert first == again != other


def test_equal_systems_do_not_differ():
    metric = mean(RNG.random(60))
    for test in Resampling([str(n) for n in range(60)]).tests(metric, metric):
        assert (test.difference, test.p) == (0, 1)


def test_a_difference_in_every_clip_is_significant():
    worse = RNG.random(60)
    better = mean(worse + 0.1)
    for test in Resampling([str(n) for n in range(60)]).tests(better, mean(worse)):
        assert test.difference == pytest.approx(10)
        assert test.p == pytest.approx(1 / 1001)


def test_chance_is_rarely_significant():
    rng = np.random.default_rng(0)
    found = {"paired_bootstrap": [], "approximate_randomisation": []}
    resampling = Resampling([str(n) for n in range(80)], samples=200)
    for _ in range(100):
        pair = (mean(rng.random(80)) for _ in range(2))
        for test in resampling.tests(*pair):
            found[test.test].append(test.p)
    for p_values in found.values():
        assert 0.0 <= np.mean(np.array(p_values) < 0.05) <= 0.12
        assert 0.35 < np.mean(p_values) < 0.65


def test_one_video_knows_nothing():
    metric = mean(RNG.random(9))
    resampling = Resampling(["v"] * 9)
    assert resampling.interval(metric) == "one video"
    assert resampling.note == "no interval: one video"
    assert all(t.p == 1 for t in resampling.tests(metric, mean(RNG.random(9))))


def test_few_videos_say_how_weak_they_are():
    assert "only 2 videos" in Resampling(["a", "b", "b"]).note
    assert Resampling([str(n) for n in range(10)]).note is None


@pytest.mark.parametrize("score", [0.0, 0.5, 1.0])
def test_no_interval_is_of_width_zero(score):
    metric = mean([score] * 12)
    resampling = Resampling([str(n) for n in range(12)])
    assert resampling.interval(metric) == "every sample has the same value"
    assert all(t.p == 1 for t in resampling.tests(metric, metric))
    seeds = MetricOverSeeds({n: mean_percentage([score] * 12) for n in (1, 2)})
    assert resampling.interval(seeds, (0, 100)) == "every sample has the same value"


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
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    p_value = told[1]["BLEU"]["p_value"]
    first, second = (one(corpus_bleu(texts, references)) for texts in systems)
    resampling = Resampling([str(n) for n in range(120)])
    (ours,) = [t for t in resampling.tests(first, second) if t.test == test]
    assert ours.difference == pytest.approx(
        told[0]["BLEU"]["score"] - told[1]["BLEU"]["score"], abs=0.1
    )
    assert ours.p == pytest.approx(p_value, abs=0.06)
    if flag == "bs":
        interval = resampling.interval(first)
        assert (interval.high - interval.low) / 2 == pytest.approx(told[0]["BLEU"]["ci"], rel=0.15)


# Several seeds


def seeded(rng, n_seeds, seed_deviation, first_seed=1, n_videos=60):
    """A metric around 50 whose seeds differ as said, on videos that differ too."""
    of_video = 0.5 + rng.normal(0, 0.05, n_videos)
    return MetricOverSeeds(
        {
            first_seed + n: mean_percentage(
                of_video + rng.normal(0, seed_deviation) + rng.normal(0, 0.1, n_videos)
            )
            for n in range(n_seeds)
        }
    )


def test_one_seed_is_what_resampling_videos_alone_gives():
    """Written down as it was before there were seeds: the same draws, the same digits."""
    rng = np.random.default_rng(11)
    scores = [rng.random(40), rng.random(40)]
    sources = np.array([str(n % 10) for n in range(40)])
    resampling = Resampling(sources, seed=3)
    rng = np.random.default_rng(3)
    counts = np.stack([np.bincount(row, minlength=10) for row in rng.integers(10, size=(1000, 10))])
    swapped = rng.random((1000, 10)) < 0.5
    videos = [np.array([s[sources == str(v)].sum() for v in range(10)]) for s in scores]
    sampled = [100 * (counts @ of_video) / (4 * counts.sum(axis=1)) for of_video in videos]
    first, second = map(mean, scores)
    interval = resampling.interval(first)
    low, high = np.percentile(sampled[0], [2.5, 97.5])
    assert (interval.low, interval.high) == (pytest.approx(low), pytest.approx(high))
    difference = 100 * (scores[0].mean() - scores[1].mean())
    centred = sampled[0] - sampled[1]
    centred -= centred.mean()
    moved = 100 * (np.where(swapped, -1, 1) @ (videos[0] - videos[1])) / 40
    expected = [
        (1 + (np.abs(values) >= abs(difference) - 1e-9).sum()) / 1001 for values in (centred, moved)
    ]
    # Whether the seeds of the two systems are the same does not matter where each has one.
    for other in (second, MetricOverSeeds({9: second.by_seed[1]})):
        tests = resampling.tests(first, other)
        assert [found.p for found in tests] == expected
        assert [found.difference for found in tests] == pytest.approx([difference] * 2)


def test_seeds_that_do_not_differ_add_nothing():
    scores, others = RNG.random(50), RNG.random(50)
    resampling = Resampling([str(n) for n in range(50)])
    first, second = mean(scores), mean(others)
    thrice = [MetricOverSeeds({n: m.by_seed[1] for n in (1, 2, 3)}) for m in (first, second)]
    alone, three = resampling.interval(first), resampling.interval(thrice[0])
    assert (three.low, three.high) == (pytest.approx(alone.low), pytest.approx(alone.high))
    for a, b in zip(resampling.tests(first, second), resampling.tests(*thrice), strict=True):
        assert (a.difference, a.p) == (pytest.approx(b.difference), pytest.approx(b.p))


@pytest.mark.parametrize("n_seeds", [3, 5])
def test_an_interval_holds_the_truth_as_often_as_it_says(n_seeds):
    rng = np.random.default_rng(1)
    resampling = Resampling([str(n) for n in range(60)], samples=200)
    inside = ignoring_seeds = 0
    for _ in range(100):
        metric = seeded(rng, n_seeds, 0.1)
        interval = resampling.interval(metric)
        inside += interval.low <= 50 <= interval.high
        interval = resampling.interval(one(metric.by_seed[1]))
        ignoring_seeds += interval.low <= 50 <= interval.high
    assert inside >= 90 and ignoring_seeds < 50


@pytest.mark.parametrize("first_seed", [1, 11], ids=["paired", "of different seeds"])
def test_systems_whose_seeds_differ_more_than_they_do_are_rarely_told_apart(first_seed):
    rng = np.random.default_rng(2)
    resampling = Resampling([str(n) for n in range(60)], samples=200)
    found, ignoring_seeds = [], []
    for _ in range(100):
        pair = seeded(rng, 3, 0.1), seeded(rng, 3, 0.1, first_seed)
        found.append([test.p < 0.05 for test in resampling.tests(*pair)])
        singles = [one(next(iter(metric.by_seed.values()))) for metric in pair]
        ignoring_seeds.append([test.p < 0.05 for test in resampling.tests(*singles)])
    assert np.mean(found, axis=0).max() <= 0.12
    assert np.mean(ignoring_seeds, axis=0).min() > 0.5


def test_a_difference_beyond_clips_and_seeds_is_significant():
    rng = np.random.default_rng(3)
    resampling = Resampling([str(n) for n in range(60)])
    first = seeded(rng, 3, 0.005)
    better = MetricOverSeeds(
        {
            seed: mean_percentage(run.statistics[:, 0] + 0.2 + rng.normal(0, 0.005))
            for seed, run in first.by_seed.items()
        }
    )
    for test in resampling.tests(better, first):
        assert test.difference == pytest.approx(20, abs=2) and test.p < 0.01
    # One run without a seed (nothing was trained) against three.
    for test in resampling.tests(one(first.by_seed[1]), better):
        assert test.difference == pytest.approx(-20, abs=2) and test.p < 0.01


def test_the_quantiles_are_students():
    quantiles = [t.ppf(0.975, dof) for dof in range(1, 31)]
    assert pytest.approx(quantiles, abs=6e-4) == STUDENT_QUANTILES
    assert expansion(3) == pytest.approx((3 / 2) ** 0.5 * t.ppf(0.975, 2) / norm.ppf(0.975), 1e-3)
    assert expansion(100) < expansion(30) < expansion(2)
