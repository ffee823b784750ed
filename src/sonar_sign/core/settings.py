"""What a setting is: type, default, bounds and help, written once in a dataclass of `options`.

Command-line flags, the JSON schema of the config and the tables of `config/README.md` are made
from these dataclasses. A field is `Annotated[type, "One line of help.", bounds]`; the bounds are
optional.
"""

import math
import re
from dataclasses import MISSING, Field, dataclass, fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from sonar_sign.core.errors import UserError


class IntOrAuto(int):
    """A number, or `auto`, which is 0."""

    @classmethod
    def parse(cls, text: str) -> "IntOrAuto":
        """Read a flag's value. Raises ValueError for anything but a number or `auto`."""
        return cls(0 if text == "auto" else int(text))


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
    pattern: str | None = None
    """A regular expression that matches the whole of a text."""
    choices: tuple[str, ...] = ()
    """The only values; for names that a registry knows, where a Literal cannot say them."""

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
        }
        return {word: value for word, value in words.items() if value is not None}

    def words(self) -> str:
        """The bounds for people, such as `0 to 1` or `at least 1`; empty for none."""
        if self.choices:
            return ", ".join(self.choices)
        if self.exclusive_minimum is not None:
            return f"above {self.exclusive_minimum:g}"
        if self.minimum is not None and self.maximum is not None:
            return f"{self.minimum:g} to {self.maximum:g}"
        if self.minimum is not None and self.exclusive_maximum is not None:
            return f"{self.minimum:g} to below {self.exclusive_maximum:g}"
        if self.minimum is not None:
            even = f", a multiple of {self.multiple_of}" if self.multiple_of else ""
            return f"at least {self.minimum:g}{even}"
        return ""


def at_least(minimum: float, multiple_of: int | None = None) -> Bounds:
    """`minimum` or more."""
    return Bounds(minimum=minimum, multiple_of=multiple_of)


def above(minimum: float) -> Bounds:
    """More than `minimum`."""
    return Bounds(exclusive_minimum=minimum)


def between(minimum: float, maximum: float) -> Bounds:
    """From `minimum` to `maximum`, both included."""
    return Bounds(minimum=minimum, maximum=maximum)


def matching(pattern: str) -> Bounds:
    """A text that a regular expression matches as a whole."""
    return Bounds(pattern=pattern)


SHARE = between(0, 1)
SHARE_BELOW_ONE = Bounds(minimum=0, exclusive_maximum=1)
POSITIVE = above(0)


@dataclass(frozen=True)
class Setting:
    """One field of a dataclass of options."""

    name: str
    kind: Any
    """Its Python type, without `Annotated`."""
    help: str
    default: Any
    bounds: Bounds = Bounds()

    @property
    def choices(self) -> tuple[str, ...]:
        """The values of a Literal, or those that the bounds list."""
        kinds = [part for part in self.alternatives if get_origin(part) is Literal]
        return tuple(get_args(kinds[0])) if kinds else self.bounds.choices

    @property
    def alternatives(self) -> tuple[Any, ...]:
        """The type, or the parts of a union."""
        union = get_origin(self.kind) in (Union, UnionType)
        return get_args(self.kind) if union else (self.kind,)

    def schema(self) -> dict[str, Any]:
        """JSON Schema of its values in a config."""
        if IntOrAuto in self.alternatives:
            number = {"type": "integer", **self.bounds.schema()}
            return {"anyOf": [number, {"const": "auto"}]}
        if self.choices:
            # YAML 1.1 reads an unquoted `no` as false.
            further = [False] if "no" in self.choices else []
            further += [True, False] if bool in self.alternatives else []
            further += [None] if NoneType in self.alternatives else []
            return {"enum": [*self.choices, *further]}
        types = [_json_type(part) for part in self.alternatives]
        return {"type": types[0] if len(types) == 1 else types, **self.bounds.schema()}

    def read(self, value: Any) -> Any:
        """A value of a config as the field's type; what does not fit is returned as it is.

        Texts become numbers and booleans where the field is one: `--config` of Snakemake gives
        nested values as text, and YAML reads `1e-3` as text.
        """
        if isinstance(value, str) and not self._takes_text:
            value = from_text(value)
        if IntOrAuto in self.alternatives and value in ("auto", 0):
            return "auto"
        if isinstance(value, str) and bool in self.alternatives and value in ("true", "false"):
            return value == "true"
        if value is False and "no" in self.choices:
            return "no"
        wants_float = float in self.alternatives and int not in self.alternatives
        if wants_float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        return value

    @property
    def _takes_text(self) -> bool:
        texts = any(part in (str, Path) for part in self.alternatives)
        return texts or bool(self.choices)


def settings_of(cls: type) -> dict[str, Setting]:
    """The settings of a dataclass of options, by name, in order."""
    hints = get_type_hints(cls, include_extras=True)
    return {field.name: _setting(field, hints[field.name]) for field in fields(cls)}


def defaults_of(options: Any) -> dict[str, Any]:
    """An instance of options as a config would write it."""
    return {
        name: _written(getattr(options, name), setting)
        for name, setting in settings_of(type(options)).items()
    }


def check_options(options: Any) -> None:
    """Check an instance against the bounds of its fields.

    Raises:
        UserError: naming the flag, the value and what it may be.
    """
    for name, setting in settings_of(type(options)).items():
        value = getattr(options, name)
        if not (IntOrAuto in setting.alternatives and value == 0):
            check_value(name, value, setting.bounds)


def check_value(name: str, value: Any, bounds: Bounds) -> None:
    """Check the value of a flag against its bounds; values that are no numbers and no text pass.

    Raises:
        UserError: naming the flag, the value and what it may be.
    """
    flag = f"--{name.replace('_', '-')}"
    if isinstance(value, str) and bounds.pattern and not re.fullmatch(bounds.pattern, value):
        raise UserError(f"{flag} {value!r} is not possible; its help says what is.")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    if not math.isfinite(value) or not _within(value, bounds):
        raise UserError(f"{flag} {value}: it must be {bounds.words() or 'a finite number'}.")


def _setting(field: Field, hint: Any) -> Setting:
    if get_origin(hint) is not Annotated:
        raise TypeError(f"{field.name} has no help; write Annotated[type, 'help'].")
    kind, text, *further = get_args(hint)
    bounds = next((extra for extra in further if isinstance(extra, Bounds)), Bounds())
    default = None if field.default is MISSING else field.default
    return Setting(field.name, kind, text, default, bounds)


def _written(value: Any, setting: Setting) -> Any:
    if IntOrAuto in setting.alternatives and value == 0:
        return "auto"
    return str(value) if isinstance(value, Path) else value


def _within(value: float, bounds: Bounds) -> bool:
    return (
        (bounds.minimum is None or value >= bounds.minimum)
        and (bounds.maximum is None or value <= bounds.maximum)
        and (bounds.exclusive_minimum is None or value > bounds.exclusive_minimum)
        and (bounds.exclusive_maximum is None or value < bounds.exclusive_maximum)
        and (bounds.multiple_of is None or value % bounds.multiple_of == 0)
    )


def from_text(text: str) -> Any:
    """What YAML reads, and numbers such as `1e-3` that YAML 1.1 takes for text."""
    import yaml

    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return text
    return text if isinstance(value, list | dict) else value


def _json_type(part: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", NoneType: "null"}
    return "string" if part is Path else names[part]
