"""The rates of `estimate`: each with its source, and replaced by the user's own."""

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.operations.rates import read_rates, values_of


def test_every_rate_says_where_it_is_from():
    for name, rate in read_rates().items():
        assert rate["value"] > 0 and len(rate["source"]) > 10, name
        assert rate["measured"] in (True, False)
        assert not rate["measured"] or "docs/" in rate["source"] or "`" in rate["source"]


def test_a_rate_of_ones_own_is_an_assumption_of_that_file(tmp_path):
    mine = tmp_path / "rates.yaml"
    mine.write_text("gpu_tflop_per_s: 200\n")
    rates = read_rates(mine)
    assert rates["gpu_tflop_per_s"] == {"value": 200, "measured": False, "source": str(mine)}
    others = values_of(read_rates())
    assert values_of(rates) == {**others, "gpu_tflop_per_s": 200}


@pytest.mark.parametrize(
    "text",
    [
        "gpu_tflops: 3",
        *[f"gpu_tflop_per_s: {n}" for n in ("fast", "0", ".nan", ".inf", "-1", "true")],
    ],
)
def test_a_wrong_rate_is_named(tmp_path, text):
    (tmp_path / "rates.yaml").write_text(text)
    with pytest.raises(UserError, match="gpu_tflop"):
        read_rates(tmp_path / "rates.yaml")
