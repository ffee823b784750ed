"""Which values a setting may have, in words, as JSON Schema and as a check; and how text is read.

Numbers are written in decimal digits, with a point and an exponent where they have them. Python
and YAML would also read `1_000`, `0x10`, `010`, `1:30`, `nan` and other digits than these ten.
"""

import math
import os
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonar_sign.core.wording import nearest

MAX_SEED = 2**32 - 1
"""The largest that PyTorch, NumPy and Lightning all take."""
MAX_TEXT = 4096
"""Characters of a text: more than any name or path has."""
MAX_NAME_BYTES = 255
"""Of a file's name, on Linux."""
_WHOLE = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,29})")
_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_MOST_CHOICES = 12


def whole(pattern: str) -> str:
    """An expression for the whole of a text; `$` alone also matches before a last newline."""
    return f"^({pattern})$(?!\\n)"


@dataclass(frozen=True)
class Bounds:
    """What values a setting may have, in the words of JSON Schema."""

    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: float | None = None
    exclusive_maximum: float | None = None
    multiple_of: int | None = None
    or_zero: bool = False
    """Whether 0 is possible too, with a meaning of its own."""
    pattern: str | None = None
    """A regular expression that matches the whole of a text."""
    choices: tuple[str, ...] = ()
    """The only values; for names that a registry knows, where a Literal cannot say them."""
    description: str = ""
    """What the pattern or the choices are, in words; empty: the choices themselves."""
    meant: Callable[[str], str] | None = None
    """A clause that helps with a text that is not among the choices."""

    def schema(self) -> dict[str, Any]:
        """The keywords of JSON Schema."""
        words = {
            "minimum": self.minimum,
            "maximum": self.maximum,
            "exclusiveMinimum": self.exclusive_minimum,
            "exclusiveMaximum": self.exclusive_maximum,
            "multipleOf": self.multiple_of,
            "pattern": self.pattern and whole(self.pattern),
            "enum": list(self.choices) or None,
            "description": self.description if self.pattern or self.choices else None,
        }
        return {word: value for word, value in words.items() if value not in (None, "")}

    def words(self) -> str:
        """The bounds for people, such as `0 to 1` or `at least 1`; empty for none."""
        if self.description or self.choices:
            return self.description or ", ".join(self.choices)
        parts = [self._range()]
        if self.multiple_of:
            parts.append(f"a multiple of {self.multiple_of}")
        text = ", ".join(part for part in parts if part)
        return f"0, or {text}" if self.or_zero else text

    def _range(self) -> str:
        low, high = self.minimum, self.maximum
        below, above_ = self.exclusive_maximum, self.exclusive_minimum
        if above_ is not None:
            return f"above {above_:g}" + ("" if high is None else f", at most {_shown(high)}")
        if low is not None and high is not None:
            return f"{_shown(low)} to {_shown(high)}"
        if low is not None and below is not None:
            return f"{_shown(low)} to below {_shown(below)}"
        return "" if low is None else f"at least {_shown(low)}"

    def refusal_of_number(self, value: float) -> str:
        """What a number must be instead, `it must be 0 to 1`; empty where it is possible."""
        if math.isfinite(value) and ((self.or_zero and value == 0) or self._has(value)):
            return ""
        return f"it must be {self.words() or 'a finite number'}"

    def refusal_of_text(self, value: str) -> str:
        """What a text must be instead; empty where it is possible."""
        if refusal := refusal_of_plain(value):
            return refusal
        if self.choices and value not in self.choices:
            if self.meant is not None:
                return self.meant(value)
            few = len(self.choices) <= _MOST_CHOICES
            return (
                f"it must be one of {', '.join(self.choices)}"
                if few
                else nearest(value, self.choices)
            )
        if self.pattern and not re.fullmatch(self.pattern, value):
            return f"it must be {self.words() or 'as its help says'}"
        return ""

    def _has(self, value: float) -> bool:
        return (
            (self.minimum is None or value >= self.minimum)
            and (self.maximum is None or value <= self.maximum)
            and (self.exclusive_minimum is None or value > self.exclusive_minimum)
            and (self.exclusive_maximum is None or value < self.exclusive_maximum)
            and (self.multiple_of is None or value % self.multiple_of == 0)
        )


def above(minimum: float, maximum: float | None = None) -> Bounds:
    """More than `minimum`, up to `maximum`."""
    return Bounds(exclusive_minimum=minimum, maximum=maximum)


def between(minimum: float, maximum: float, multiple_of: int | None = None) -> Bounds:
    """From `minimum` to `maximum`, both included."""
    return Bounds(minimum=minimum, maximum=maximum, multiple_of=multiple_of)


def zero_or_between(minimum: float, maximum: float) -> Bounds:
    """0, or from `minimum` to `maximum`."""
    return Bounds(minimum=minimum, maximum=maximum, or_zero=True)


def matching(pattern: str, description: str = "") -> Bounds:
    """A text that a regular expression matches as a whole; `description` says so in words."""
    return Bounds(pattern=pattern, description=description)


def one_of(
    choices: Iterable[str], description: str = "", meant: Callable[[str], str] | None = None
) -> Bounds:
    """One of the texts that a registry knows."""
    return Bounds(choices=tuple(choices), description=description, meant=meant)


SHARE = between(0, 1)
SHARE_BELOW_ONE = Bounds(minimum=0, exclusive_maximum=1)
SEEDS = between(0, MAX_SEED)
# Larger values than these are mistakes, whatever the machine.
THREADS = between(0, 1024)
WORKERS = between(0, 256)
BATCH = between(1, 65536)
LEARNING_RATE = above(0, 10)
WEIGHT = between(0, 1e6)
SECONDS = between(0, 3600)
# A sign takes longer than the one; no sentence of How2Sign lasts as long as the other.
MIN_WINDOW_S, MAX_WINDOW_S = 0.5, 120.0
WINDOW_SECONDS = zero_or_between(MIN_WINDOW_S, MAX_WINDOW_S)
WIDTH = between(1, 16384)
LAYERS = between(1, 128)
HEADS = between(1, 256)


def read_number(text: str, *, is_whole: bool = False) -> int | float:
    """A number as this module's docstring says; one that is no finite number may result.

    Raises:
        ValueError: the text is no such number.
    """
    if _WHOLE.fullmatch(text):
        return int(text)
    if is_whole or not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is no number")
    return float(text)


def from_text(text: str) -> Any:
    """A number, a boolean or nothing where YAML would read one; otherwise the text."""
    constants = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    lowered = text.lower()
    if lowered in constants:
        return constants[lowered]
    if lowered in ("null", "~"):
        return None
    try:
        return read_number(text)
    except ValueError:
        return text


def refusal_of_plain(text: str) -> str:
    """What is wrong with any text as a setting; empty for nothing."""
    if text != text.strip():
        return "take out the white space around it"
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in text):
        return "take out its control characters"
    return f"it is longer than {MAX_TEXT} characters" if len(text) > MAX_TEXT else ""


def refusal_of_path(path: Path) -> str:
    """What is wrong with any path; empty for nothing."""
    if len(os.fsencode(path)) > MAX_TEXT:
        return f"it is longer than {MAX_TEXT} bytes"
    if any(len(os.fsencode(part)) > MAX_NAME_BYTES for part in path.parts):
        return f"it has a name of more than {MAX_NAME_BYTES} bytes"
    return ""


def refusal_of_input_file(path: Path) -> str:
    """What is wrong with a file that is read; a pipe or a device is possible."""
    if path.is_dir():
        return "this is a folder; give a file"
    return "" if path.exists() else "there is no such file"


def refusal_of_input_folder(path: Path) -> str:
    """What is wrong with a folder that is read."""
    if path.is_dir():
        return ""
    return "this is a file; give a folder" if path.exists() else "there is no such folder"


def refusal_of_input_path(path: Path) -> str:
    """What is wrong with a file or folder that is read."""
    return "" if path.exists() else "there is no such file or folder"


def _shown(number: float) -> str:
    return str(int(number)) if float(number).is_integer() else f"{number:g}"
