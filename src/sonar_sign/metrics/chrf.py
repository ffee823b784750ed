"""chrF by sacreBLEU (Popović 2015, W15-3049): characters 1 to 6, beta 2; chrF++ with words."""

from collections.abc import Sequence
from functools import cache, lru_cache, partial
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from sonar_sign.metrics.base import (
    Metric,
    MetricContext,
    MetricStatistics,
    Provenance,
    References,
    listed,
)
from sonar_sign.metrics.bleu import signature_of

if TYPE_CHECKING:
    from sacrebleu.metrics import CHRF as SacrebleuChrf  # noqa: N811


# Longest n-grams: of characters, and of words in chrF++.
CHARACTERS, WORDS = 6, 2


def corpus_chrf(
    predictions: Sequence[str], references: References, word_order: int = 0
) -> MetricStatistics:
    """chrF2, a percentage.

    Statistics, (n_clips, 18 + 3 word_order): n-grams predicted, of the reference (of several, the
    one of the highest score), and matched, of characters for n = 1 to 6, then of words.

    Args:
        references: one or several of each prediction.
        word_order: longest n-grams of words; 2 makes it chrF++ (Popović 2017, W17-4770).
    """
    if len(predictions) != len(references):
        raise ValueError(f"{len(predictions)} predictions for {len(references)} references")
    sets = tuple(map(tuple, listed(references)))
    # With one reference chrF's statistics are the first ones of chrF++; of several references the
    # two may choose different ones.
    counted = max(word_order, WORDS) if all(len(one) == 1 for one in sets) else word_order
    statistics = _statistics(tuple(predictions), sets, counted)
    statistics = statistics[:, : 3 * (CHARACTERS + word_order)]
    score = partial(chrf_of_sums, word_order=word_order)
    return MetricStatistics(statistics, score, chrf_signature(word_order, references))


@lru_cache(maxsize=2)
def _statistics(
    predictions: tuple[str, ...], references: tuple[tuple[str, ...], ...], word_order: int
) -> np.ndarray:
    metric = _scorer(word_order)
    # sacreBLEU offers chrF's statistics only in these two methods, which its own significance
    # tests use; a test compares them with the command line.
    # A list per rank of the references; None where a clip has fewer.
    rows = metric._extract_corpus_statistics(predictions, [*zip_longest(*references)])
    statistics = np.asarray(rows, dtype=np.int64).reshape(-1, 3 * metric.order)
    statistics.flags.writeable = False
    return statistics


def chrf_of_sums(sums: np.ndarray, *, word_order: int) -> float:
    """chrF of summed statistics of `corpus_chrf`."""
    return _scorer(word_order)._compute_score_from_stats([int(count) for count in sums]).score


def chrf_signature(word_order: int = 0, references: References = ("",)) -> str:
    """sacreBLEU's signature of what `corpus_chrf` computes."""
    return signature_of(_scorer(word_order), references)


@cache
def _scorer(word_order: int) -> "SacrebleuChrf":
    from sacrebleu.metrics import CHRF as SacrebleuChrf  # noqa: N811

    return SacrebleuChrf(word_order=word_order)


def _metric(name: str, title: str, word_order: int, pattern: str, position: int) -> Metric:
    def compute(
        predictions: Sequence[str], references: Sequence[str], context: MetricContext
    ) -> MetricStatistics:
        return corpus_chrf(predictions, context.of_clips(references), word_order)

    return Metric(
        name,
        title,
        compute,
        partial(chrf_of_sums, word_order=word_order),
        provenance=Provenance(
            f"{title} signature",
            lambda signature: f"{title}: sacreBLEU, `{signature}`",
            key=f"{name}_signature",
            equal_among="all",
            schema={"type": "string", "pattern": pattern},
        ),
        packages=("sacrebleu",),
        headline=word_order == 0,
        plotted=word_order == 0,
        position=position,
    )


CHRF = _metric("chrf", "chrF", 0, r"^nrefs:(\d+|var)\|case:mixed\|", 10)
CHRF_PP = _metric("chrf_pp", "chrF++", 2, r"^nrefs:(\d+|var)\|case:mixed\|.*\|nw:2\|", 11)
