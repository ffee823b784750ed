"""What every metric returns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class MetricStatistics:
    """One metric on one list of predictions, kept a clip at a time.

    `score(statistics[rows].sum(axis=0))` is the metric on any choice of rows, with repetition:
    the whole list, one signer, or a bootstrap sample.
    """

    statistics: np.ndarray  # (n_clips, n_statistics), added up over clips before `score`
    score: Callable[[np.ndarray], float]  # (n_statistics,) -> percentage

    @property
    def value(self) -> float:
        """The metric on all clips."""
        return self.score(self.statistics.sum(axis=0))


def mean_percentage(scores: Sequence[float]) -> MetricStatistics:
    """A metric that is the mean of its clips' scores, times 100; statistics are (score, 1)."""
    column = np.asarray(scores, dtype=np.float64)
    return MetricStatistics(np.stack([column, np.ones_like(column)], axis=1), mean_of_sums)


def mean_of_sums(sums: np.ndarray) -> float:
    """The score of `mean_percentage`."""
    # No clips at all can be drawn of those that a metric is known of.
    return 100 * float(sums[0]) / float(sums[1]) if sums[1] else 0.0
