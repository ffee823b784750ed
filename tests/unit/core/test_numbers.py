"""Numbers in tables."""

import pytest

from sonar_sign.core.numbers import parse_number


@pytest.mark.parametrize("text", ["0", "1.5", ".5", "7.", "-2", "+3", "1e-05", "2.5E-3", "007"])
def test_numbers(text):
    assert parse_number(text) == float(text)


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "1_0", "0_0.1", "nan", "inf", "-inf", "1e3", "1e400", "1,5", "٣", "１", "0x1",
     "1:30", "--1", "1.2.3", ".", "1e", "9" * 400, "²"],
)  # fmt: skip
def test_what_is_no_number_to_a_person(text):
    assert parse_number(text) is None
