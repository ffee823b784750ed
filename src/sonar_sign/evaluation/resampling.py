"""How sure a score is: intervals and tests by resampling source videos and seeds.

Sentences of one video are not independent (one signer, one topic), so whole videos are drawn. A
metric's statistics are summed over each video once; a sample is then a sum of rows.

A system that was trained with several seeds has a score per seed on the same videos: seeds and
videos are crossed, and both are drawn with replacement, as in the multi-bootstrap of Sellam et al.
(2022, "The MultiBERTs", arXiv 2106.16163, section 3). A sample is the mean over all seeds on the
drawn videos, plus the deviation, on all videos, of the drawn seeds from the mean over all seeds.
Systems with the same seeds are drawn with the same ones (paired), others independently.

Three to five seeds are few, and a plain bootstrap of them is too narrow. Their deviation is
therefore expanded by sqrt(n / (n - 1)) t / z, with the 97.5 % quantiles of Student's t (n - 1
degrees of freedom) and of the normal distribution: the expansion of Hesterberg (2015, "What
Teachers Should Know About the Bootstrap", arXiv 1411.5279). What seeds change in single videos is
in both parts, so that intervals are rather too wide than too narrow. With one seed nothing is drawn
but videos.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from sonar_sign.evaluation.seeds import MetricOverSeeds
from sonar_sign.metrics.base import MetricStatistics

SAMPLES = 1000
CONFIDENCE = 0.95
NORMAL_QUANTILE = 1.960
# Of fewer source videos a bootstrap sees hardly any variation.
FEW_VIDEOS = 10
ONE_VIDEO = "one video"
# Percentages that differ by less are equal but for rounding.
SAME_VALUE = 1e-9
# 97.5 % quantiles of Student's t with 1 to 30 degrees of freedom; SciPy is not installed where
# the workflow evaluates.
STUDENT_QUANTILES = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


@dataclass(frozen=True)
class Interval:
    """The middle 95 % of bootstrap samples (Efron's percentile interval)."""

    low: float
    high: float


@dataclass(frozen=True)
class Test:
    """Whether two systems differ in a metric."""

    test: str
    """`paired_bootstrap` or `approximate_randomisation`."""
    difference: float
    """Of the means over seeds."""
    p: float
    """Two-sided."""


class Resampling:
    """Draws of source videos and seeds, the same for every metric and system.

    Args:
        sources: the source video of each clip.
        seed: of the draws.
        samples: how many.
    """

    def __init__(self, sources: Iterable[str], seed: int = 0, samples: int = SAMPLES):
        videos, self._rows = np.unique(np.asarray(sources), return_inverse=True)
        self.n_videos = len(videos)
        self._seed, self._samples = seed, samples
        rng = np.random.default_rng(seed)
        drawn = rng.integers(self.n_videos, size=(samples, self.n_videos))
        self._counts = np.stack([np.bincount(row, minlength=self.n_videos) for row in drawn])
        self._swapped = rng.random((samples, self.n_videos)) < 0.5
        # Every metric of a run takes part in an interval and in several tests.
        self._known: dict[int, tuple[MetricStatistics, np.ndarray]] = {}

    @property
    def note(self) -> str | None:
        """What limits all intervals and tests; None where there are enough videos."""
        if self.n_videos == 1:
            return f"no interval: {ONE_VIDEO}"
        if self.n_videos < FEW_VIDEOS:
            return (
                f"only {self.n_videos} videos: samples of so few are alike, so intervals are too "
                "narrow and tests say little"
            )
        return None

    def clip_counts(self) -> Iterator[np.ndarray]:
        """(n_clips,) of every sample: how often its video was drawn."""
        return (counts[self._rows] for counts in self._counts)

    def interval(
        self, metric: MetricOverSeeds, bounds: tuple[float | None, float | None] = (None, None)
    ) -> Interval | str:
        """The interval of the metric's mean over seeds, or why there is none.

        Args:
            bounds: the least and the greatest value of the metric, where they limit the interval.
        """
        if self.n_videos == 1:
            return ONE_VIDEO
        outside = 50 * (1 - CONFIDENCE)
        sampled = self._bootstrap(metric) + self._seed_noise(_values(metric))
        least, most = bounds
        low, high = np.percentile(sampled, [outside, 100 - outside])
        low = low if least is None else max(low, least)
        high = high if most is None else min(high, most)
        if high - low < SAME_VALUE:
            return "every sample has the same value"
        return Interval(float(low), float(high))

    def tests(self, first: MetricOverSeeds, second: MetricOverSeeds) -> list[Test]:
        """Both tests of the difference `first - second`.

        Paired bootstrap: how often the difference of a sample is as far from the mean difference
        as that is from 0 (Koehn 2004, W04-3250, two-sided as sacreBLEU has it).

        Approximate randomisation: how often swapping the systems' outputs of random videos makes a
        difference as large (Riezler and Maxwell 2005, W05-0908). Of several seeds, every pair of
        runs has the same videos swapped (runs of the same seed, or each with each), and their mean
        counts. Seeds are too few to be swapped: three pairs can only be swapped in eight ways, so
        that no p below 0.25 would be possible. Instead the expanded deviation of drawn seeds is
        added to each sample, as it is for the bootstrap.
        """
        difference = first.value - second.value
        if [*first.by_seed] == [*second.by_seed]:
            pairs = [*zip(first.by_seed.values(), second.by_seed.values(), strict=True)]
            noise = self._seed_noise(_values(first) - _values(second))
        else:
            pairs = [*product(first.by_seed.values(), second.by_seed.values())]
            noise = self._seed_noise(_values(first)) - self._seed_noise(_values(second), stream=1)
        sampled = self._bootstrap(first) - self._bootstrap(second) + noise
        centred = sampled - sampled.mean()
        if self.n_videos == 1:
            centred[:] = difference  # there are no videos to resample: nothing can be concluded
        swapped = np.mean([self._randomised(*pair) for pair in pairs], axis=0) + noise
        return [
            Test("paired_bootstrap", difference, _p(centred, difference)),
            Test("approximate_randomisation", difference, _p(swapped, difference)),
        ]

    def _bootstrap(self, metric: MetricOverSeeds) -> np.ndarray:
        """(samples,): the metric's mean over seeds on the drawn videos."""
        return np.mean([self._bootstrap_run(run) for run in metric.by_seed.values()], axis=0)

    def _bootstrap_run(self, run: MetricStatistics) -> np.ndarray:
        if id(run) not in self._known:
            sums = self._counts @ self._of_videos(run)
            scores = run.score_rows(sums) if run.score_rows else _scores(run.score, sums)
            self._known[id(run)] = run, scores
        return self._known[id(run)][1]

    def _seed_noise(self, values: np.ndarray, stream: int = 0) -> np.ndarray | float:
        """The expanded deviation of drawn seeds from the mean over all, (samples,); 0 of one seed.

        Args:
            values: (n_seeds,), the metric of each seed on all clips.
            stream: another one has independent draws.
        """
        n_seeds = len(values)
        if n_seeds == 1:
            return 0.0
        rng = np.random.default_rng([self._seed, 1 + stream, n_seeds])
        drawn = values[rng.integers(n_seeds, size=(self._samples, n_seeds))]
        return expansion(n_seeds) * (drawn.mean(axis=1) - values.mean())

    def _of_videos(self, run: MetricStatistics) -> np.ndarray:
        sums = np.zeros((self.n_videos, run.statistics.shape[1]))
        np.add.at(sums, self._rows, run.statistics)
        return sums

    def _randomised(self, first: MetricStatistics, second: MetricStatistics) -> np.ndarray:
        a, b = self._of_videos(first), self._of_videos(second)
        moved = self._swapped @ (b - a)
        return _scores(first.score, a.sum(axis=0) + moved) - _scores(
            second.score, b.sum(axis=0) - moved
        )


def expansion(n_seeds: int) -> float:
    """By how much the deviation of n drawn seeds is multiplied, n above 1."""
    student = STUDENT_QUANTILES[min(n_seeds - 1, len(STUDENT_QUANTILES)) - 1]
    return (n_seeds / (n_seeds - 1)) ** 0.5 * student / NORMAL_QUANTILE


def _values(metric: MetricOverSeeds) -> np.ndarray:
    return np.array([*metric.values.values()])


def _scores(score: Callable[[np.ndarray], float], sums: np.ndarray) -> np.ndarray:
    # Counts were summed as floats, exactly.
    return np.array([score(row) for row in sums])


def _p(differences: np.ndarray, observed: float) -> float:
    # Equal ones differ in their last bits.
    as_large = np.abs(differences) >= abs(observed) - SAME_VALUE
    return float((1 + as_large.sum()) / (1 + len(differences)))
