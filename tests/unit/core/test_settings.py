"""What a field of options says: bounds as flags refuse them, and as JSON Schema."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pytest
from jsonschema import Draft202012Validator

from sonar_sign.core.bounds import SHARE, SHARE_BELOW_ONE, above, between, matching
from sonar_sign.core.errors import UserError
from sonar_sign.core.settings import IntOrAuto, check_options, defaults_of, settings_of


@dataclass(frozen=True)
class Example:
    """One field of each kind."""

    number: Annotated[int, "A number.", between(1, 100)] = 2
    even: Annotated[int, "An even number.", between(16, 1024, 2)] = 16
    share: Annotated[float, "A share.", SHARE] = 0.5
    below: Annotated[float, "A share.", SHARE_BELOW_ONE] = 0.5
    rate: Annotated[float, "A rate.", above(0, 10)] = 1e-3
    size: Annotated[IntOrAuto, "A size.", between(1, 100)] = 0
    on: Annotated[bool, "A switch."] = False
    way: Annotated[Literal["no", "fp16"], "A choice."] = "no"
    name: Annotated[str, "A name.", matching("[a-z]+", "small letters")] = "a"
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
        ({"number": 0}, "--number 0: it must be 1 to 100."),
        ({"number": 10**30}, "--number 1000.*: it must be 1 to 100."),
        ({"number": True}, "--number True: it must be a whole number, 1 to 100."),
        ({"number": [5]}, r"--number \[5\]: it must be a whole number"),
        ({"number": "5"}, "--number '5': it must be a whole number"),
        ({"number": 2.0}, "--number 2.0: it must be a whole number"),
        ({"even": 17}, "--even 17: it must be 16 to 1024, a multiple of 2"),
        ({"share": 1.5}, "--share 1.5: it must be 0 to 1"),
        ({"share": float("nan")}, "--share nan: it must be 0 to 1"),
        ({"rate": float("inf")}, "--rate inf: it must be above 0, at most 10"),
        ({"below": 1.0}, "--below 1.0: it must be 0 to below 1"),
        ({"size": False}, "--size False: it must be auto or a whole number"),
        ({"on": 1}, "--on 1: it must be true or false"),
        ({"way": "No"}, "--way 'No': it must be no, fp16"),
        ({"name": "A"}, "--name 'A': it must be small letters."),
        ({"name": ""}, "--name '': give it a value"),
        ({"name": "a\n"}, "take out the white space around it"),
        ({"name": "a\x07b"}, r"--name 'a\\x07b': take out its control characters"),
        ({"name": 3 * "a" + 5000 * "b"}, "longer than 4096 characters"),
        ({"folder": Path("a" * 300)}, "it has a name of more than 255 bytes"),
    ],
)
def test_flags_outside_their_bounds_are_refused(values, words):
    with pytest.raises(UserError, match=words):
        check_options(Example(**values))


def test_auto_is_a_size_and_zero_stands_for_it():
    check_options(Example(size=0))
    assert defaults_of(Example())["size"] == "auto"
    read = SETTINGS["size"].read_flag
    assert (read("auto"), read("8"), read(8)) == (0, 8, 8)


@pytest.mark.parametrize(
    "text",
    ["0x10", "010", "1_000", " 5", "5 ", "", "५", "1:30", "nan", "inf", "1,5", "True", "--", "1e5"],
)
def test_a_flag_reads_whole_numbers_in_decimal_digits_only(text):
    with pytest.raises(UserError, match="--number .*: it must be a whole number, 1 to 100"):
        SETTINGS["number"].read_flag(text)


@pytest.mark.parametrize("text", ["0x1p3", "1_0.5", " 0.5", "nan", "infinity", "½", "1e", "."])
def test_a_flag_reads_numbers_in_decimal_digits_only(text):
    with pytest.raises(UserError, match="--share .*: it must be a number, 0 to 1"):
        SETTINGS["share"].read_flag(text)


@pytest.mark.parametrize(("text", "value"), [("1e-3", 1e-3), (".5", 0.5), ("1.", 1.0), ("+1", 1)])
def test_numbers_as_they_are_written(text, value):
    assert SETTINGS["share"].read_flag(text) == value


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
        # YAML would read 8, 16, 1000 and 90; which of them was meant?
        ("number", "0x10", "0x10"),
        ("number", "010", "010"),
        ("number", "1_000", "1_000"),
        ("number", "1:30", "1:30"),
        ("rate", ".nan", ".nan"),
        ("size", False, False),
    ],
)
def test_values_are_read_as_their_type(name, given, read):
    value = SETTINGS[name].read(given)
    assert value == read and type(value) is type(read)


@pytest.mark.parametrize("name", VALUES)
def test_defaults_survive_being_written_and_read(name):
    written = defaults_of(Example())[name]
    assert SETTINGS[name].read(written) == written
