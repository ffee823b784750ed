"""Whether translations are as long as their references."""

from collections.abc import Sequence

import numpy as np

from sonar_sign.metrics.base import Metric, MetricContext, MetricStatistics
from sonar_sign.metrics.bleu import corpus_bleu


def length_ratio(
    predictions: Sequence[str], references: Sequence[str], context: MetricContext
) -> MetricStatistics:
    """Words predicted over words of the references, 1 where they are equally many.

    Of several references the one nearest in length counts, as in BLEU.
    """
    bleu = corpus_bleu(predictions, context.of_clips(references), language=context.language)
    return MetricStatistics(bleu.statistics[:, :2], ratio_of_sums)


def ratio_of_sums(sums: np.ndarray) -> float:
    """The score of `length_ratio`."""
    return float(sums[0]) / float(sums[1]) if sums[1] else 0.0


LENGTH_RATIO = Metric(
    "length_ratio",
    "length ratio",
    length_ratio,
    ratio_of_sums,
    description="Length ratio: words predicted over words of the references.",
    packages=("sacrebleu",),
    decimals=2,
    maximum=None,
    position=70,
)
