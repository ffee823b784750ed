"""How near predicted embeddings are to their references'."""

from collections.abc import Sequence

from sonar_sign.metrics.base import Metric, MetricContext, MetricStatistics, mean_percentage


def cosine(
    _predictions: Sequence[str], _references: Sequence[str], context: MetricContext
) -> MetricStatistics:
    """Mean cosine of predicted with reference embeddings, times 100.

    A clip that was dropped has no embedding, which counts as one at a right angle.
    """
    return mean_percentage([0.0 if c != c else c for c in context.cosines or ()])


COSINE = Metric(
    "cosine",
    "cosine",
    cosine,
    applies=lambda context: context.cosines is not None,
    description=(
        "Cosine, a diagnostic: of predicted with reference embeddings, times 100. It judges with "
        "the space that the system was trained to hit, so it says nothing about systems that were "
        "not."
    ),
    minimum=-100,
    position=80,
)
