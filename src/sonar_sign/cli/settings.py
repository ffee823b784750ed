"""Command-line flags made from function signatures and the dataclasses of `options.py`.

A docstring ends in an example: the word `Example:` on a line, then the command as it is typed,
with further lines where it is long.
"""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from itertools import product
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import typer

from sonar_sign.cli.paths import checked_paths
from sonar_sign.core.contradictions import refuse_contradictions
from sonar_sign.core.errors import UserError
from sonar_sign.core.settings import CheckHere, IntOrAuto, Setting, check_value, setting_of, shown

EXAMPLE = "Example:"


def add_command(app: typer.Typer, name: str, function: Callable) -> None:
    """Make `function` the subcommand `name`; its help page ends in the docstring's example."""
    text, _, example = inspect.getdoc(function).partition(f"\n{EXAMPLE}\n")
    command = " \\\n".join(example.rstrip().splitlines())
    # Click keeps the line breaks of a paragraph that begins with \b.
    epilog = f"\b\n{EXAMPLE}\n{command}" if command else None
    app.command(name, help=text.strip(), epilog=epilog)(flags(function))


def flags(function: Callable) -> Callable:
    """Make every parameter of `function` a named flag, and every field of a settings class.

    The parameters of `function` are annotated `Annotated[type, "help"]`, or with a frozen
    dataclass whose fields are. Typer reads the signature of the returned function.
    """
    made = flags_of(function)
    hints = get_type_hints(function, include_extras=True)
    classes = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    hints_of_flags = {name: hint for name, hint in hints.items() if name not in classes}
    for cls in classes.values():
        hints_of_flags |= get_type_hints(cls, include_extras=True)

    def command(**values: Any) -> None:
        for flag in made:
            flag.check(values[flag.name])
        refuse_contradictions(values)
        for flag in made:
            flag.check_here(values[flag.name])
        paths = checked_paths(hints_of_flags, dict(values))
        for name, cls in classes.items():
            values[name] = cls(**{field.name: values.pop(field.name) for field in fields(cls)})
        with paths:
            function(**values)

    parameters = [flag.parameter for flag in made]
    command.__name__, command.__doc__ = function.__name__, function.__doc__
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


@dataclass(frozen=True, eq=False)
class Flag:
    """A flag of a command, or a positional argument."""

    setting: Setting
    parameter: inspect.Parameter
    """As Typer wants it."""
    checks: tuple[CheckHere, ...]

    @property
    def name(self) -> str:
        return self.setting.name

    @classmethod
    def of(cls, name: str, hint: Any, default: Any) -> "Flag":
        """A flag from its annotation, `Annotated[type, "help" or Typer's own class, ...]`."""
        kind, text, *further = get_args(hint)
        described = isinstance(text, str)
        # Some parameters are described by Typer's own classes: positional arguments, for example.
        words = Annotated[kind, text if described else text.help, *further]
        none = inspect.Parameter.empty
        label = "" if described else name.upper()
        setting = setting_of(name, words, None if default is none else default, label)
        option = _option(setting) if described else _with_parser(text, setting)
        parameter = inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=default,
            annotation=Annotated[kind, option],
        )
        checks = tuple(extra for extra in further if isinstance(extra, CheckHere))
        return cls(setting, parameter, checks)

    def check(self, value: Any) -> None:
        """Check a value, which may be the default.

        Raises:
            UserError: naming the flag, the value and what it may be.
        """
        if value is not None or self.parameter.default is not None:
            check_value(self.setting, value)

    def check_here(self, value: Any) -> None:
        """Check what depends on this machine, such as whether an input is there.

        Raises:
            UserError: naming the flag, the value and what is wrong with it.
        """
        values = value if isinstance(value, list | tuple) else [value]
        for one, check in product(values, self.checks):
            if one is not None and (refusal := check.refusal(one)):
                raise UserError(f"{self.setting.flag} {shown(one)}: {refusal}.")


def flags_of(function: Callable) -> list[Flag]:
    """Every flag of a command, in order; those of a settings class in its place."""
    hints = get_type_hints(function, include_extras=True)
    made: list[Flag] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if is_dataclass(hints[name]):
            made += _of_class(hints[name])
        else:
            made.append(Flag.of(name, hints[name], parameter.default))
    return made


def _of_class(cls: type) -> list[Flag]:
    hints = get_type_hints(cls, include_extras=True)
    return [Flag.of(field.name, hints[field.name], _default_of(field)) for field in fields(cls)]


def _default_of(field: Field) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()  # of a list
    return inspect.Parameter.empty if field.default is MISSING else field.default


def _option(setting: Setting) -> Any:
    """A named flag, whose help ends in the bounds of its values."""
    words = setting.bounds.words()
    text = f"{setting.help}  [{words}]" if words else setting.help
    return typer.Option(help=text, **_parsed(setting))


def _with_parser(described: Any, setting: Setting) -> Any:
    """What is described by a class of Typer's, with our way of reading numbers and paths."""
    described.parser = _parsed(setting).get("parser")
    return described


def _parsed(setting: Setting) -> dict[str, Any]:
    """How the texts of a flag are read, and how its help page calls them."""
    kind = next(part for part in setting.alternatives if part is not NoneType)
    if setting.is_number:
        metavar = "<int|auto>" if kind is IntOrAuto else f"<{kind.__name__}>"
        return {"parser": setting.read_flag, "metavar": metavar}
    if kind is Path:
        return {"parser": setting.read_path, "metavar": "<path>"}
    if setting.choices and get_origin(kind) is Literal:
        return {"parser": str, "metavar": f"<{'|'.join(setting.choices)}>"}
    # Typer itself would write <list[str]>.
    return {"metavar": f"<{kind.__name__}>"} if setting.is_list else {}
