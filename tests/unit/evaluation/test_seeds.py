"""Seeds in names, and what several seeds amount to."""

import pytest

from sonar_sign.evaluation.seeds import MetricOverSeeds, split_seed
from sonar_sign.metrics.base import mean_percentage


@pytest.mark.parametrize(
    "name, expected",
    [
        ("stage2", ("stage2", None)),
        ("stage2.seed12", ("stage2", 12)),
        ("a.b.seed3", ("a.b", 3)),
        ("a.seedling", ("a.seedling", None)),
        ("a.seed", ("a.seed", None)),
        (".seed3", (".seed3", None)),
        ("seed3", ("seed3", None)),
    ],
)
def test_a_name_with_a_seed(name, expected):
    assert split_seed(name) == expected


def test_mean_and_deviation():
    metric = MetricOverSeeds({n: mean_percentage([n / 10] * 4) for n in (1, 2, 6)})
    assert metric.value == pytest.approx(30)
    assert metric.deviation == pytest.approx((((20**2) + (10**2) + (30**2)) / 2) ** 0.5)
    assert MetricOverSeeds({1: mean_percentage([0.5])}).deviation is None
