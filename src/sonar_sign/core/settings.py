"""What a setting is: type, default, bounds and help, written once in a dataclass of `options`.

Command-line flags, the JSON schema of the config and the tables of `config/README.md` are made
from these dataclasses. A field is `Annotated[type, "One line of help.", bounds]`; the bounds are
optional.
"""

from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from sonar_sign.core.bounds import (
    Bounds,
    from_text,
    read_number,
    refusal_of_input_file,
    refusal_of_input_folder,
    refusal_of_input_path,
    refusal_of_path,
)
from sonar_sign.core.contradictions import refuse_contradictions
from sonar_sign.core.errors import UserError

_LONGEST_SHOWN, _LONGEST_PATH_SHOWN = 60, 250


class IntOrAuto(int):
    """A number, or `auto`, which is 0."""


@dataclass(frozen=True)
class CheckHere:
    """A check of a flag's value that depends on this machine, so that no config is refused by it.

    It stands in the annotation, beside the bounds.
    """

    refusal: Callable[[Any], str]
    """What is wrong with a value on this machine; empty for nothing."""


@dataclass(frozen=True)
class Setting:
    """One field of a dataclass of options, or one flag of a command."""

    name: str
    kind: Any
    """Its Python type, without `Annotated`."""
    help: str
    default: Any
    bounds: Bounds = Bounds()
    label: str = ""
    """How it is written on the command line; empty: `--` and its name."""

    @property
    def choices(self) -> tuple[str, ...]:
        """The values of a Literal, or those that the bounds list."""
        kinds = [part for part in self.alternatives if get_origin(part) is Literal]
        return tuple(get_args(kinds[0])) if kinds else self.bounds.choices

    @property
    def alternatives(self) -> tuple[Any, ...]:
        """The type, or the parts of a union; of a list, those of its items."""
        kind = get_args(self.kind)[0] if self.is_list else self.kind
        return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)

    @property
    def is_list(self) -> bool:
        return get_origin(self.kind) is list

    @property
    def is_number(self) -> bool:
        return any(part in (int, float, IntOrAuto) for part in self.alternatives)

    @property
    def may_be_empty(self) -> bool:
        """Whether an empty text means something: it does where it is the default."""
        return self.default == "" or self.is_list

    def schema(self) -> dict[str, Any]:
        """JSON Schema of its values in a config."""
        bounds = self.bounds.schema()
        if IntOrAuto in self.alternatives:
            return {"anyOf": [{"type": "integer", **bounds}, {"const": "auto"}]}
        if self.bounds.or_zero:
            return {"anyOf": [{"type": "number", **bounds}, {"const": 0}]}
        if self.choices:
            # YAML 1.1 reads an unquoted `no` as false.
            further = [False] if "no" in self.choices else []
            further += [True, False] if bool in self.alternatives else []
            further += [None] if NoneType in self.alternatives else []
            return {"enum": [*self.choices, *further]}
        types = [_json_type(part) for part in self.alternatives]
        if "string" in types and not self.may_be_empty:
            bounds = {"minLength": 1, **bounds}
        return {"type": types[0] if len(types) == 1 else types, **bounds}

    def read(self, value: Any) -> Any:
        """A value of a config as the field's type; what does not fit is returned as it is.

        Texts become numbers and booleans where the field is one: `--config` of Snakemake gives
        nested values as text, and YAML reads `1e-3` as text.
        """
        if isinstance(value, str) and not self._takes_text:
            value = from_text(value)
        if IntOrAuto in self.alternatives and (value == "auto" or _is_zero(value)):
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

    def read_flag(self, text: Any) -> Any:
        """The number that a flag was given; a default, which is one already, stays as it is.

        Raises:
            UserError: the text is no number.
        """
        if not isinstance(text, str):
            return text
        if IntOrAuto in self.alternatives and text == "auto":
            return IntOrAuto(0)
        try:
            return read_number(text, is_whole=float not in self.alternatives)
        except ValueError:
            words = ", ".join(part for part in (self._noun(), self.bounds.words()) if part)
            raise UserError(f"{self.flag} {shown(text)}: it must be {words}.") from None

    def read_path(self, text: Any) -> Any:
        """The path that a flag was given. Raises UserError for an empty text."""
        if text == "":
            raise UserError(f"{self.flag} is empty; give a path, or leave the flag out.")
        return Path(text)

    @property
    def flag(self) -> str:
        return self.label or f"--{self.name.replace('_', '-')}"

    def refusal(self, value: Any) -> str:
        """What is wrong with a value, such as `it must be 0 to 1`; of a list, with an item."""
        kinds = self.alternatives
        is_bool = isinstance(value, bool)
        if (value is None and NoneType in kinds) or (is_bool and bool in kinds):
            return ""
        if IntOrAuto in kinds and _is_zero(value):
            return ""
        a_float = isinstance(value, float) and float in kinds
        if not is_bool and (a_float or (isinstance(value, int) and self.is_number)):
            return self.bounds.refusal_of_number(value)
        if isinstance(value, Path) and Path in kinds:
            return refusal_of_path(value)
        if isinstance(value, str) and self._takes_text:
            if not value:
                return "" if self.may_be_empty else "give it a value, or leave it out"
            if value not in self.choices and any(get_origin(kind) is Literal for kind in kinds):
                return f"it must be {', '.join(map(str, self.choices))}"
            return self.bounds.refusal_of_text(value)
        words = ", ".join(part for part in (self._noun(), self.bounds.words()) if part)
        return f"it must be {words}"

    def _noun(self) -> str:
        nouns = {int: "a whole number", IntOrAuto: "auto or a whole number", float: "a number"}
        nouns |= {bool: "true or false", str: "a text", Path: "a path"}
        return next((nouns[kind] for kind in self.alternatives if kind in nouns), "")


INPUT_FILE = CheckHere(refusal_of_input_file)
INPUT_FOLDER = CheckHere(refusal_of_input_folder)
INPUT_PATH = CheckHere(refusal_of_input_path)


def settings_of(cls: type) -> dict[str, Setting]:
    """The settings of a dataclass of options, by name, in order."""
    hints = get_type_hints(cls, include_extras=True)
    return {
        field.name: setting_of(field.name, hints[field.name], _default(field))
        for field in fields(cls)
    }


def setting_of(name: str, hint: Any, default: Any, label: str = "") -> Setting:
    """A setting from its annotation, `Annotated[type, "One line of help.", bounds]`.

    Raises:
        TypeError: it has no help.
    """
    if get_origin(hint) is not Annotated:
        raise TypeError(f"{name} has no help; write Annotated[type, 'help'].")
    kind, text, *further = get_args(hint)
    bounds = next((extra for extra in further if isinstance(extra, Bounds)), Bounds())
    return Setting(name, kind, text, default, bounds, label)


def defaults_of(options: Any) -> dict[str, Any]:
    """An instance of options as a config would write it."""
    return {
        name: _written(getattr(options, name), setting)
        for name, setting in settings_of(type(options)).items()
    }


def check_options(options: Any) -> None:
    """Check an instance: types and bounds of its fields, and that they do not contradict.

    Raises:
        UserError: naming the flag, the value and what it may be.
    """
    settings = settings_of(type(options))
    for name, setting in settings.items():
        check_value(setting, getattr(options, name))
    refuse_contradictions({name: getattr(options, name) for name in settings})


def check_value(setting: Setting, value: Any) -> None:
    """Check the value of a flag.

    Raises:
        UserError: naming the flag, the value and what it may be.
    """
    values = list(value) if setting.is_list else [value]
    for place, one in enumerate(values):
        if refusal := setting.refusal(one):
            raise UserError(f"{setting.flag} {shown(one)}: {refusal}.")
        if one in values[:place]:
            raise UserError(f"{setting.flag} {shown(one)} is given twice; leave one of them out.")


def shown(value: Any) -> str:
    """A value in a message: texts quoted and without control characters, long ones cut."""
    longest = _LONGEST_PATH_SHOWN if isinstance(value, Path) else _LONGEST_SHOWN
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= longest else f"{text[:longest]}..."


def _default(field: Field) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()  # of a list
    return None if field.default is MISSING else field.default


def _written(value: Any, setting: Setting) -> Any:
    if IntOrAuto in setting.alternatives and value == 0:
        return "auto"
    return str(value) if isinstance(value, Path) else value


def _is_zero(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value == 0


def _json_type(part: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", NoneType: "null"}
    return "string" if part is Path else names[part]
