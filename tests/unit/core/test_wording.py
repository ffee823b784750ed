"""Clauses of error messages: lists that are cut short, and names that were probably meant."""

import pytest

from sonar_sign.core.wording import duration, first_few, nearest


def test_a_short_list_is_whole_and_a_long_one_is_counted():
    assert first_few([]) == ""
    assert first_few(["a", "b"], 2) == "a, b"
    assert first_few(["a", "b", "c", "d"], 2) == "a, b and 2 more"
    assert first_few([str(n) for n in range(7)]) == "0, 1, 2, 3, 4 and 2 more"


def test_the_name_that_was_probably_meant():
    known = {"finetuned": 1, "zero_shot": 2}
    assert nearest("fintuned", known) == "did you mean finetuned"
    assert nearest("ZERO_SHOT", known) == "did you mean zero_shot"
    assert nearest("qqq", known) == "known are finetuned, zero_shot"
    assert nearest("x", []) == "none is known"


def test_not_every_one_of_many_names_is_listed():
    clause = nearest("?", [f"name{n}" for n in range(50)])
    assert clause.startswith("known are name0, name1, ") and clause.endswith(" and 38 more")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (89, "89 s"),
        (90, "2 min"),
        (3700, "62 min"),
        (7500, "2 h 5 min"),
        (200_000, "2 d 7 h"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text
