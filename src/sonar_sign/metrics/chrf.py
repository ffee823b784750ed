"""chrF by sacreBLEU (Popović 2015, W15-3049): characters 1 to 6, beta 2; chrF++ with words."""

from collections.abc import Sequence
from functools import cache, lru_cache, partial
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
    counted = _statistics(tuple(predictions), sets)
    statistics = np.array([_best(rows, word_order) for rows in counted], dtype=np.int64)
    statistics = statistics.reshape(-1, 3 * (CHARACTERS + word_order))
    score = partial(chrf_of_sums, word_order=word_order)
    return MetricStatistics(statistics, score, chrf_signature(word_order, references))


def _best(rows: list[list[int]], word_order: int) -> list[int]:
    """The counts of the reference with the highest score, of equal ones the first."""
    n = 3 * (CHARACTERS + word_order)
    if len(rows) == 1:
        return rows[0][:n]
    return max((row[:n] for row in rows), key=_scorer(word_order)._compute_f_score)


# chrF and chrF++ need the same n-grams, and chrF's counts are the first ones of chrF++.
@lru_cache(maxsize=1)
def _statistics(
    predictions: tuple[str, ...], references: tuple[tuple[str, ...], ...]
) -> list[list[list[int]]]:
    """Counts of every prediction with each of its references.

    sacreBLEU offers n-grams and counts only in these methods; a test compares with its command.
    """
    metric = _scorer(WORDS)
    found = []
    for prediction, of_clip in zip(predictions, references, strict=True):
        ours, *theirs = metric._extract_reference_info([prediction, *of_clip])["ref_ngrams"]
        found.append(
            [
                [
                    count
                    for pair in zip(ours, ngrams, strict=True)
                    for count in metric._get_match_statistics(*pair)
                ]
                for ngrams in theirs
            ]
        )
    return found


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
