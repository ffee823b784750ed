"""chrF by sacreBLEU (Popović 2015, W15-3049): characters 1 to 6, beta 2; chrF++ with words."""

from collections.abc import Sequence
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np

from sonar_sign.metrics.base import MetricStatistics

if TYPE_CHECKING:
    from sacrebleu.metrics import CHRF


def corpus_chrf(
    predictions: Sequence[str], references: Sequence[str], word_order: int = 0
) -> MetricStatistics:
    """chrF2 of one reference a prediction, a percentage.

    Statistics, (n_clips, 18 + 3 word_order): n-grams predicted, of the reference, and matched, of
    characters for n = 1 to 6, then of words.

    Args:
        word_order: longest n-grams of words; 2 makes it chrF++ (Popović 2017, W17-4770).
    """
    if len(predictions) != len(references):
        raise ValueError(f"{len(predictions)} predictions for {len(references)} references")
    metric = _metric(word_order)
    # sacreBLEU offers chrF's statistics only in these two methods, on which its own significance
    # tests rest; a test holds them against the command line.
    rows = metric._extract_corpus_statistics(list(predictions), [list(references)])
    statistics = np.asarray(rows, dtype=np.int64).reshape(-1, 3 * metric.order)
    return MetricStatistics(statistics, partial(chrf_of_sums, word_order=word_order))


def chrf_of_sums(sums: np.ndarray, *, word_order: int) -> float:
    """chrF of summed statistics of `corpus_chrf`."""
    return _metric(word_order)._compute_score_from_stats([int(count) for count in sums]).score


def chrf_signature(word_order: int = 0) -> str:
    """sacreBLEU's signature of what `corpus_chrf` computes."""
    metric = _metric(word_order)
    metric.corpus_score(["a"], [["a"]])  # the number of references is only known after a score
    return metric.get_signature().format()


@cache
def _metric(word_order: int) -> "CHRF":
    from sacrebleu.metrics import CHRF

    return CHRF(word_order=word_order)
