"""How sure a score is: intervals and tests by resampling source videos.

Sentences of one video are not independent (one signer, one topic), so whole videos are drawn. A
metric's statistics are summed over each video once; a sample is then a sum of rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sonar_sign.metrics import MetricStatistics

SAMPLES = 1000
CONFIDENCE = 0.95


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
    p: float


class Resampling:
    """Draws of source videos, the same for every metric and system.

    Args:
        sources: the source video of each clip.
    """

    def __init__(self, sources: Sequence[str], seed: int = 0, samples: int = SAMPLES):
        videos, self._rows = np.unique(np.asarray(sources), return_inverse=True)
        self.n_videos = len(videos)
        rng = np.random.default_rng(seed)
        drawn = rng.integers(self.n_videos, size=(samples, self.n_videos))
        self._counts = np.stack([np.bincount(row, minlength=self.n_videos) for row in drawn])
        # Every metric of a system takes part in an interval and in several tests.
        self._known: dict[int, tuple[MetricStatistics, np.ndarray]] = {}
        self._swapped = rng.random((samples, self.n_videos)) < 0.5

    def interval(self, measured: MetricStatistics) -> Interval:
        """The metric's interval."""
        outside = 50 * (1 - CONFIDENCE)
        low, high = np.percentile(self._bootstrap(measured), [outside, 100 - outside])
        return Interval(float(low), float(high))

    def tests(self, first: MetricStatistics, second: MetricStatistics) -> list[Test]:
        """Both tests of the difference `first - second`; p is two-sided.

        Paired bootstrap: how often the difference of a sample is as far from the mean difference
        as that is from 0 (Koehn 2004, W04-3250, two-sided as sacreBLEU has it). Approximate
        randomisation: how often swapping the systems' outputs of random videos makes a difference
        as large (Riezler and Maxwell 2005, W05-0908).
        """
        difference = first.value - second.value
        sampled = self._bootstrap(first) - self._bootstrap(second)
        centred = sampled - sampled.mean()
        if self.n_videos == 1:
            centred[:] = difference  # there is nothing to resample, so nothing can be said
        swapped = self._randomised(first, second)
        return [
            Test("paired_bootstrap", difference, _p(centred, difference)),
            Test("approximate_randomisation", difference, _p(swapped, difference)),
        ]

    def _of_videos(self, measured: MetricStatistics) -> np.ndarray:
        sums = np.zeros((self.n_videos, measured.statistics.shape[1]))
        np.add.at(sums, self._rows, measured.statistics)
        return sums

    def _bootstrap(self, measured: MetricStatistics) -> np.ndarray:
        if id(measured) not in self._known:
            scores = _scores(measured.score, self._counts @ self._of_videos(measured))
            self._known[id(measured)] = measured, scores
        return self._known[id(measured)][1]

    def _randomised(self, first: MetricStatistics, second: MetricStatistics) -> np.ndarray:
        a, b = self._of_videos(first), self._of_videos(second)
        moved = self._swapped @ (b - a)
        return _scores(first.score, a.sum(axis=0) + moved) - _scores(
            second.score, b.sum(axis=0) - moved
        )


def _scores(score: Callable[[np.ndarray], float], sums: np.ndarray) -> np.ndarray:
    # Counts were summed as floats, exactly.
    return np.array([score(row) for row in sums])


def _p(differences: np.ndarray, observed: float) -> float:
    # Equal ones differ in their last bits.
    as_large = np.abs(differences) >= abs(observed) - 1e-9
    return float((1 + as_large.sum()) / (1 + len(differences)))
