"""Exact matches count predictions that are their reference."""

import pytest

from sonar_sign.metrics.base import MetricContext
from sonar_sign.metrics.exact_match import exact_match


def test_case_and_length_matter():
    found = exact_match(["a b c", "A b", ""], ["a b c", "a b", "a b c d e"], MetricContext())
    assert found.value == pytest.approx(100 / 3)
