"""The length ratio counts words of both sides."""

import pytest

from sonar_sign.metrics.base import MetricContext
from sonar_sign.metrics.length_ratio import length_ratio


def test_words_predicted_over_words_of_the_references():
    found = length_ratio(["a b c", "A b", ""], ["a b c", "a b", "a b c d e"], MetricContext())
    assert found.value == pytest.approx(5 / 10)
    assert length_ratio(["a"], [""], MetricContext()).value == 0
