"""How sure the decoder was, where the predictions say so."""

from collections.abc import Sequence

import numpy as np

from sonar_sign.metrics.base import Metric, MetricContext, MetricStatistics


def mean_of_known(sums: np.ndarray) -> float:
    """The summed scores over their number."""
    return float(sums[0]) / float(sums[1]) if sums[1] else 0.0


def decoder_score(
    _predictions: Sequence[str], _references: Sequence[str], context: MetricContext
) -> MetricStatistics | None:
    """Mean of the column `score`, in the decoder's own unit; clips without one are left out.

    Statistics, (n_clips, 2): the score, or 0 for a clip without, and whether there is one.
    """
    scores = np.asarray(context.decoder_scores or (), dtype=np.float64)
    known = ~np.isnan(scores)
    if not known.any():
        return None
    return MetricStatistics(np.stack([np.where(known, scores, 0), known], axis=1), mean_of_known)


DECODER_SCORE = Metric(
    "decoder_score",
    "decoder score",
    decoder_score,
    mean_of_known,
    applies=lambda context: context.decoder_scores is not None,
    description=(
        "Decoder score, a diagnostic: the mean of what the decoder says of itself, in its own unit."
    ),
    minimum=None,
    maximum=None,
    decimals=2,
    position=81,
)
