"""The share of predictions that are their reference, letter by letter."""

from collections.abc import Sequence

from sonar_sign.metrics.base import Metric, MetricContext, MetricStatistics, mean_percentage


def exact_match(
    predictions: Sequence[str], references: Sequence[str], _context: MetricContext
) -> MetricStatistics:
    """Predictions equal to their reference, a percentage."""
    return mean_percentage([float(p == r) for p, r in zip(predictions, references, strict=True)])


EXACT_MATCH = Metric("exact_match", "exact matches", exact_match, position=60)
