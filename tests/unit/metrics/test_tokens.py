"""Words are those of sacreBLEU's 13a."""

import pytest

from sonar_sign.metrics.tokens import words


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Don't stop. Go on!", ["Don't", "stop", ".", "Go", "on", "!"]),
        ("about 1.5, or 1,000", ["about", "1.5", ",", "or", "1,000"]),
        ("Perché no?\n", ["Perché", "no", "?"]),
        ("  ", []),
    ],
)
def test_punctuation_marks_are_words_and_case_stays(text, expected):
    assert words(text) == expected
