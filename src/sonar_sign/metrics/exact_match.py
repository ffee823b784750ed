"""The share of predictions that are their reference, letter by letter."""

from collections.abc import Sequence

from sonar_sign.metrics.base import Metric, MetricContext, MetricStatistics, mean_percentage


def exact_match(
    predictions: Sequence[str], references: Sequence[str], context: MetricContext
) -> MetricStatistics:
    """Predictions equal to one of their references, a percentage."""
    pairs = zip(predictions, context.of_clips(references), strict=True)
    return mean_percentage([float(prediction in of_clip) for prediction, of_clip in pairs])


EXACT_MATCH = Metric("exact_match", "exact matches", exact_match, position=60)
