"""The cosine of embeddings, where it is known."""

import pytest

from sonar_sign.metrics.base import MetricContext
from sonar_sign.metrics.cosine import COSINE, cosine


def test_a_clip_without_an_embedding_counts_as_zero():
    context = MetricContext(cosines=[0.5, 1.0, float("nan")])
    assert COSINE.applies(context) and not COSINE.applies(MetricContext())
    assert cosine(["a"] * 3, ["b"] * 3, context).value == pytest.approx(50)
