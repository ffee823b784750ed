"""What a field of options says: bounds as flags refuse them, and as JSON Schema."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pytest
from jsonschema import Draft202012Validator

from sonar_sign.core.errors import UserError
from sonar_sign.core.settings import (
    POSITIVE,
    SHARE,
    SHARE_BELOW_ONE,
    IntOrAuto,
    at_least,
    check_options,
    defaults_of,
    matching,
    settings_of,
)


@dataclass(frozen=True)
class Example:
    """One field of each kind."""

    number: Annotated[int, "A number.", at_least(1)] = 2
    even: Annotated[int, "An even number.", at_least(16, 2)] = 16
    share: Annotated[float, "A share.", SHARE] = 0.5
    below: Annotated[float, "A share.", SHARE_BELOW_ONE] = 0.5
    rate: Annotated[float, "A rate.", POSITIVE] = 1e-3
    size: Annotated[IntOrAuto, "A size.", at_least(1)] = 0
    on: Annotated[bool, "A switch."] = False
    way: Annotated[Literal["no", "fp16"], "A choice."] = "no"
    name: Annotated[str, "A name.", matching("[a-z]+")] = "a"
    folder: Annotated[Path | None, "A folder."] = None


SETTINGS = settings_of(Example)
# By field: values that it may have, and values that it may not.
VALUES = {
    "number": ([1, 7], [0, -1, 1.5, True, None, "many"]),
    "even": ([16, 224], [15, 17, 14]),
    "share": ([0, 1, 0.25], [-0.1, 1.1, float("inf")]),
    "below": ([0, 0.99], [1]),
    "rate": ([1e-9, 3], [0, -1]),
    "size": ([1, "auto"], [0, -1, "many"]),
    "on": ([True, False], [1, "yes please"]),
    "way": (["no", "fp16", False], ["bf16", True, 0.5]),
    "name": (["abc"], ["a1", "A", 3]),
    "folder": (["x", None], [3]),
}


@pytest.mark.parametrize("name", VALUES)
def test_the_schema_takes_what_is_within_bounds_and_nothing_else(name):
    validator = Draft202012Validator(SETTINGS[name].schema())
    good, bad = VALUES[name]
    assert all(validator.is_valid(value) for value in good)
    assert [value for value in bad if validator.is_valid(value)] == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"number": 0}, "--number 0: it must be at least 1"),
        ({"even": 17}, "--even 17: it must be at least 16, a multiple of 2"),
        ({"share": 1.5}, "--share 1.5: it must be 0 to 1"),
        ({"share": float("nan")}, "--share nan: it must be 0 to 1"),
        ({"rate": float("inf")}, "--rate inf: it must be above 0"),
        ({"below": 1.0}, "--below 1.0: it must be 0 to below 1"),
    ],
)
def test_flags_outside_their_bounds_are_refused(values, words):
    with pytest.raises(UserError, match=words):
        check_options(Example(**values))


def test_auto_is_a_size_and_zero_stands_for_it():
    check_options(Example(size=0))
    assert defaults_of(Example())["size"] == "auto"
    assert (IntOrAuto.parse("auto"), IntOrAuto.parse("8")) == (0, 8)


@pytest.mark.parametrize(
    ("name", "given", "read"),
    [
        # What `--config 'a={b: 3}'` gives: nested values are text.
        ("number", "3", 3),
        ("share", "0.5", 0.5),
        ("on", "true", True),
        # YAML 1.1 reads these as text, an integer and false.
        ("rate", "1e-3", 1e-3),
        ("share", 1, 1.0),
        ("way", False, "no"),
        ("size", "auto", "auto"),
        # Text stays text, also where it looks like a number.
        ("name", "7", "7"),
        ("number", "many", "many"),
        ("number", "[1]", "[1]"),
    ],
)
def test_values_are_read_as_their_type(name, given, read):
    value = SETTINGS[name].read(given)
    assert value == read and type(value) is type(read)


@pytest.mark.parametrize("name", VALUES)
def test_defaults_survive_being_written_and_read(name):
    written = defaults_of(Example())[name]
    assert SETTINGS[name].read(written) == written
