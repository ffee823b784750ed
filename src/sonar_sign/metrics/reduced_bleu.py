"""Reduced BLEU (Tarrés et al. 2023, arXiv 2304.06371): BLEU-4 of content words, of English."""

from collections.abc import Sequence
from functools import partial

from sonar_sign.metrics.base import (
    Metric,
    MetricContext,
    MetricStatistics,
    References,
    english_only,
    listed,
)
from sonar_sign.metrics.bleu import MAX_ORDER, bleu_of_sums, corpus_bleu
from sonar_sign.metrics.function_words import FUNCTION_WORDS
from sonar_sign.metrics.tokens import words


def reduced_bleu(predictions: Sequence[str], references: References) -> MetricStatistics:
    """BLEU-4 of the content words of English sentences.

    Words of `function_words` are left out of both sides; the original list is another one, so
    compare such figures with each other only.
    """
    content = [[_content_words(text) for text in of_clip] for of_clip in listed(references)]
    return corpus_bleu([_content_words(text) for text in predictions], content)


def _content_words(text: str) -> str:
    return " ".join(word for word in words(text) if word.lower() not in FUNCTION_WORDS)


def _compute(
    predictions: Sequence[str], references: Sequence[str], context: MetricContext
) -> MetricStatistics:
    return reduced_bleu(predictions, context.of_clips(references))


REDUCED_BLEU = Metric(
    "bleu_reduced",
    "reduced BLEU",
    _compute,
    partial(bleu_of_sums, order=MAX_ORDER),
    applies=english_only,
    description=(
        "Reduced BLEU: BLEU-4 of English without this project's list of function words; do not "
        "compare it with other papers'."
    ),
    packages=("sacrebleu",),
    position=50,
)
