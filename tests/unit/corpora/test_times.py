"""Times as corpora write them."""

import pytest

from sonar_sign.corpora.times import parse_time, rate_of, times_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("62.5", 62.5),
        ("00:01:02.500", 62.5),
        ("00:01:02,500", 62.5),
        ("1:02.5", 62.5),
        ("9:05", 545.0),
        (" 00:00:01.100 ", 1.1),
        ("100:00:00.000", 360_000.0),
        ("-00:00:01.000", -1.0),
        ("-1", -1.0),
    ],
)
def test_a_time(text, seconds):
    assert parse_time(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "a", "1:60", "00:60:00", "1:2:3:4", "nan", "1,5", "00:00:0१", "1:", "::", "1e9"]
)
def test_what_is_no_time(text):
    assert parse_time(text) is None


def test_an_empty_time_is_none_and_a_wrong_one_is_named():
    assert times_of("", " ") == (None, None)
    assert times_of("1", "00:00:02") == (1.0, 2.0)
    assert "'soon'" in times_of("1", "soon")


def test_rates():
    assert [rate_of(text) for text in ("25", "29.97", "0", "1000", "x", "")] == [
        25.0, 29.97, None, None, None, None,
    ]  # fmt: skip
