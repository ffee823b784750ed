"""BLEU by sacreBLEU (Post 2018, arXiv 1804.08771): mixed case, exponential smoothing.

The tokenizer is 13a, or that of `tokens.bleu_tokenizer` for a language without spaces.

sacreBLEU is imported where it is used: importing it takes longer than most steps take to start.
"""

from collections.abc import Sequence
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from sonar_sign.metrics.base import Metric, MetricContext, MetricStatistics, Provenance
from sonar_sign.metrics.tokens import ENGLISH, bleu_tokenizer

if TYPE_CHECKING:
    from sacrebleu.metrics import BLEU

MAX_ORDER = 4
SMOOTHING = "exp"


def corpus_bleu(
    predictions: Sequence[str],
    references: Sequence[str],
    order: int = MAX_ORDER,
    language: str = ENGLISH,
) -> MetricStatistics:
    """BLEU-n (`max_ngram_order=n`) of one reference per prediction.

    Statistics, (n_clips, 10): words predicted, words of the reference, then matched n-grams and
    predicted n-grams for n = 1 to 4.
    """
    statistics = _statistics(tuple(predictions), tuple(references), bleu_tokenizer(language))
    made_by = bleu_signature(language) if order == MAX_ORDER else ""
    return MetricStatistics(statistics, partial(bleu_of_sums, order=order), made_by)


# BLEU-1 to BLEU-4 and the length ratio need the same statistics.
@lru_cache(maxsize=2)
def _statistics(
    predictions: tuple[str, ...], references: tuple[str, ...], tokenizer: str
) -> np.ndarray:
    bleu = _sentence_scorer(tokenizer)
    rows = []
    for prediction, reference in zip(predictions, references, strict=True):
        counted = bleu.sentence_score(prediction, [reference])
        rows.append([counted.sys_len, counted.ref_len, *counted.counts, *counted.totals])
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


def sentence_bleu(prediction: str, reference: str, language: str = ENGLISH) -> float:
    """BLEU-4 of one sentence, a percentage.

    With sacreBLEU's effective order: n-gram orders that the prediction is too short to have are
    left out, so that a correct translation of two words scores 100 and not 0.
    """
    scorer = _sentence_scorer(bleu_tokenizer(language))
    return scorer.sentence_score(prediction, [reference]).score


def bleu_signature(language: str = ENGLISH) -> str:
    """sacreBLEU's signature of what `corpus_bleu` computes."""
    from sacrebleu.metrics import BLEU

    bleu = BLEU(tokenize=bleu_tokenizer(language), smooth_method=SMOOTHING)
    bleu.corpus_score(["a"], [["a"]])  # the number of references is only known after a score
    return bleu.get_signature().format()


@cache
def _sentence_scorer(tokenizer: str) -> "BLEU":
    from sacrebleu.metrics import BLEU

    return BLEU(tokenize=tokenizer, smooth_method=SMOOTHING, effective_order=True)


def _metric(order: int) -> Metric:
    def compute(
        predictions: Sequence[str], references: Sequence[str], context: MetricContext
    ) -> MetricStatistics:
        return corpus_bleu(predictions, references, order, context.language)

    provenance = Provenance(
        "BLEU signature",
        lambda signature: f"BLEU: sacreBLEU, BLEU-n with max_ngram_order=n, `{signature}`",
        key="signature",
        equal_among="all",
        names_tokens=True,
        schema={
            "description": "sacreBLEU's signature of bleu_4; bleu_n differ in max_ngram_order.",
            "type": "string",
            "pattern": r"^nrefs:1\|case:mixed\|eff:no\|tok:[^|]+\|smooth:exp\|version:",
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
