"""What metrics are built of."""

import numpy as np
import pytest

from sonar_sign.metrics.base import Metric, mean_of_sums, mean_percentage


def test_a_mean_is_a_percentage_of_any_choice_of_clips():
    found = mean_percentage([0.5, 1.0, 0.0], "made so")
    assert (found.value, found.made_by) == (pytest.approx(50), "made so")
    assert found.score(found.statistics[np.array([1, 1, 0])].sum(axis=0)) == pytest.approx(250 / 3)
    assert mean_of_sums(np.array([0.0, 0.0])) == 0


def test_a_metric_describes_its_value():
    metric = Metric("m", "M", lambda *_: mean_percentage([1.0]), maximum=None)
    assert metric.schema == {"type": "number", "description": "M", "minimum": 0}
