"""BLEU by sacreBLEU (Post 2018, arXiv 1804.08771): 13a, mixed case, exponential smoothing.

sacreBLEU is imported where it scores: importing it takes longer than most steps take to start.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sonar_sign.metrics.base import MetricStatistics
from sonar_sign.metrics.function_words import FUNCTION_WORDS
from sonar_sign.metrics.tokens import words

if TYPE_CHECKING:
    from sacrebleu.metrics import BLEU

BLEU_ORDERS = (1, 2, 3, 4)
MAX_ORDER = max(BLEU_ORDERS)
SMOOTHING = "exp"
TOKENIZER = "13a"


def corpus_bleu(
    predictions: Sequence[str], references: Sequence[str]
) -> tuple[MetricStatistics, MetricStatistics, MetricStatistics, MetricStatistics]:
    """BLEU-1 to BLEU-4 of one reference a prediction; BLEU-n is `max_ngram_order=n`.

    Statistics, (n_clips, 10): words predicted, words of the reference, then matched n-grams and
    predicted n-grams for n = 1 to 4.
    """
    bleu = _sentence_scorer()
    rows = []
    for prediction, reference in zip(predictions, references, strict=True):
        counted = bleu.sentence_score(prediction, [reference])
        rows.append([counted.sys_len, counted.ref_len, *counted.counts, *counted.totals])
    statistics = np.asarray(rows, dtype=np.int64).reshape(-1, 2 + 2 * MAX_ORDER)
    return tuple(
        MetricStatistics(statistics, partial(bleu_of_sums, order=order)) for order in BLEU_ORDERS
    )


def reduced_bleu(predictions: Sequence[str], references: Sequence[str]) -> MetricStatistics:
    """BLEU-4 of the content words of English sentences (Tarrés et al. 2023, arXiv 2304.06371).

    Words of `function_words` are left out of both sides; the original list is another one, so
    compare such figures with each other only.
    """
    content = [[_content_words(text) for text in texts] for texts in (predictions, references)]
    return corpus_bleu(*content)[-1]


def _content_words(text: str) -> str:
    return " ".join(word for word in words(text) if word.lower() not in FUNCTION_WORDS)


def length_ratio(bleu: MetricStatistics) -> MetricStatistics:
    """Words predicted over words of the references, 1 where they are as many."""
    return MetricStatistics(bleu.statistics[:, :2], ratio_of_sums)


def ratio_of_sums(sums: np.ndarray) -> float:
    """The score of `length_ratio`."""
    return float(sums[0]) / float(sums[1]) if sums[1] else 0.0


def sentence_bleu(prediction: str, reference: str) -> float:
    """BLEU-4 of one sentence, a percentage.

    With sacreBLEU's effective order: n-gram orders that the prediction is too short to have are
    left out, so that a correct translation of two words scores 100 and not 0.
    """
    return _sentence_scorer().sentence_score(prediction, [reference]).score


def bleu_signature() -> str:
    """sacreBLEU's signature of what `corpus_bleu` computes."""
    from sacrebleu.metrics import BLEU

    bleu = BLEU(tokenize=TOKENIZER, smooth_method=SMOOTHING)
    bleu.corpus_score(["a"], [["a"]])  # the number of references is only known after a score
    return bleu.get_signature().format()


def _sentence_scorer() -> "BLEU":
    from sacrebleu.metrics import BLEU

    return BLEU(tokenize=TOKENIZER, smooth_method=SMOOTHING, effective_order=True)


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
