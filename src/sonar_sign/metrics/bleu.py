"""BLEU by sacreBLEU (Post 2018, arXiv 1804.08771): mixed case, exponential smoothing.

The tokenizer is 13a, or that of `tokens.bleu_tokenizer` for a language without spaces.

sacreBLEU is imported where it is used: importing it takes longer than most steps take to start.
"""

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
from sonar_sign.metrics.tokens import ENGLISH, bleu_tokenizer

if TYPE_CHECKING:
    from sacrebleu.metrics import BLEU, CHRF

MAX_ORDER = 4
SMOOTHING = "exp"


def corpus_bleu(
    predictions: Sequence[str],
    references: References,
    order: int = MAX_ORDER,
    language: str = ENGLISH,
) -> MetricStatistics:
    """BLEU-n (`max_ngram_order=n`).

    Statistics, (n_clips, 10): words predicted, words of the reference (of several, the one
    nearest in length), then matched n-grams and predicted n-grams for n = 1 to 4.

    Args:
        references: one or several of each prediction.
    """
    statistics = _statistics(
        tuple(predictions), tuple(map(tuple, listed(references))), bleu_tokenizer(language)
    )
    made_by = bleu_signature(language, references) if order == MAX_ORDER else ""
    return MetricStatistics(statistics, partial(bleu_of_sums, order=order), made_by)


# BLEU-1 to BLEU-4 and the length ratio need the same statistics.
@lru_cache(maxsize=2)
def _statistics(
    predictions: tuple[str, ...], references: tuple[tuple[str, ...], ...], tokenizer: str
) -> np.ndarray:
    if len(predictions) != len(references):
        raise ValueError(f"{len(predictions)} predictions for {len(references)} references")
    # The statistics alone are offered only by this method, which sacreBLEU's own tests use.
    streams = [*zip_longest(*references)]
    rows = _sentence_scorer(tokenizer)._extract_corpus_statistics(predictions, streams)
    statistics = np.asarray(rows, dtype=np.int64).reshape(-1, 2 + 2 * MAX_ORDER)
    statistics.flags.writeable = False
    return statistics


def bleu_of_sums(sums: np.ndarray, *, order: int) -> float:
    """BLEU of summed statistics of `corpus_bleu`."""
    from sacrebleu.metrics import BLEU

    predicted_words, reference_words, *counts = (int(count) for count in sums)
    score = BLEU.compute_bleu(
        correct=counts[:order],
        total=counts[MAX_ORDER : MAX_ORDER + order],
        sys_len=predicted_words,
        ref_len=reference_words,
        smooth_method=SMOOTHING,
        max_ngram_order=order,
    )
    return score.score


def bleu_4_of_rows(sums: np.ndarray) -> np.ndarray:
    """BLEU-4 of rows of summed statistics, (n, 10) to (n,), up to rounding.

    For bootstrap samples and searches: sacreBLEU takes one row at a time.
    """
    sums = sums.astype(np.float64)
    predicted, reference = sums[:, 0], sums[:, 1]
    matched, possible = sums[:, 2 : 2 + MAX_ORDER], sums[:, 2 + MAX_ORDER :]
    # Exponential smoothing halves the count of each further order without a match.
    halved = 0.5 ** np.cumsum(matched == 0, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        precisions = np.where(matched > 0, matched, halved) / possible
        brevity = np.minimum(0, 1 - reference / predicted)
        scores = 100 * np.exp(brevity + np.log(precisions).mean(axis=1))
    return np.where((possible > 0).all(axis=1) & matched.any(axis=1), scores, 0.0)


def sentence_bleu(prediction: str, reference: str, language: str = ENGLISH) -> float:
    """BLEU-4 of one sentence, a percentage.

    With sacreBLEU's effective order: n-gram orders that the prediction is too short to have are
    left out, so that a correct translation of two words scores 100 and not 0.
    """
    scorer = _sentence_scorer(bleu_tokenizer(language))
    return scorer.sentence_score(prediction, [reference]).score


def bleu_signature(language: str = ENGLISH, references: References = ("",)) -> str:
    """sacreBLEU's signature of what `corpus_bleu` computes."""
    from sacrebleu.metrics import BLEU

    bleu = BLEU(tokenize=bleu_tokenizer(language), smooth_method=SMOOTHING)
    return signature_of(bleu, references)


def signature_of(metric: "BLEU | CHRF", references: References) -> str:
    """A metric's signature, which says how many references there are: `nrefs:1`, `nrefs:var`."""
    numbers = sorted({len(of_clip) for of_clip in listed(references)}) or [1]
    # The number of references is only known after a score.
    streams = [
        ["a" if rank < number else None for number in numbers] for rank in range(max(numbers))
    ]
    metric.corpus_score(["a"] * len(numbers), streams)
    return metric.get_signature().format()


@cache
def _sentence_scorer(tokenizer: str) -> "BLEU":
    from sacrebleu.metrics import BLEU

    # `force` leaves out a warning that texts look tokenised.
    return BLEU(tokenize=tokenizer, smooth_method=SMOOTHING, effective_order=True, force=True)


def _metric(order: int) -> Metric:
    def compute(
        predictions: Sequence[str], references: Sequence[str], context: MetricContext
    ) -> MetricStatistics:
        return corpus_bleu(predictions, context.of_clips(references), order, context.language)

    provenance = Provenance(
        "BLEU signature",
        lambda signature: f"BLEU: sacreBLEU, BLEU-n with max_ngram_order=n, `{signature}`",
        key="signature",
        equal_among="all",
        names_tokens=True,
        schema={
            "description": "sacreBLEU's signature of bleu_4; bleu_n differ in max_ngram_order.",
            "type": "string",
            "pattern": r"^nrefs:(\d+|var)\|case:mixed\|eff:no\|tok:[^|]+\|smooth:exp\|version:",
        },
    )
    return Metric(
        f"bleu_{order}",
        f"BLEU-{order}",
        compute,
        partial(bleu_of_sums, order=order),
        provenance=provenance if order == MAX_ORDER else None,
        packages=("sacrebleu",),
        headline=True,
        plotted=order == MAX_ORDER,
        position=order,
    )


BLEU_1, BLEU_2, BLEU_3, BLEU_4 = (_metric(order) for order in range(1, MAX_ORDER + 1))
