"""Command-line flags made from function signatures and the dataclasses of `options.py`.

A docstring ends in an example: the word `Example:` on a line, then the command as it is typed,
with further lines where it is long.
"""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer

from sonar_sign.core.settings import Bounds, IntOrAuto, check_options, check_value

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
    hints = get_type_hints(function, include_extras=True)
    parameters: list[inspect.Parameter] = []
    settings: dict[str, type] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if is_dataclass(hints[name]):
            settings[name] = hints[name]
            parameters += _of_class(hints[name])
        else:
            parameters.append(_flag(name, hints[name], parameter.default))

    def command(**values: Any) -> None:
        for name, cls in settings.items():
            values[name] = cls(**{field.name: values.pop(field.name) for field in fields(cls)})
            check_options(values[name])
        for name in values.keys() - settings.keys():
            check_value(name, values[name], _bounds(hints[name]))
        function(**values)

    command.__name__, command.__doc__ = function.__name__, function.__doc__
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _bounds(hint: Any) -> Bounds:
    return next((part for part in get_args(hint) if isinstance(part, Bounds)), Bounds())


def _of_class(cls: type) -> list[inspect.Parameter]:
    hints = get_type_hints(cls, include_extras=True)
    return [_flag(field.name, hints[field.name], _default_of(field)) for field in fields(cls)]


def _default_of(field: Field) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()  # of a list
    return inspect.Parameter.empty if field.default is MISSING else field.default


def _flag(name: str, hint: Any, default: Any) -> inspect.Parameter:
    kind, text = get_args(hint)[:2] if get_origin(hint) is Annotated else (hint, "")
    # Some parameters are described by Typer's own classes: positional arguments, for example.
    described = _option(kind, text, _bounds(hint)) if isinstance(text, str) else text
    annotation = Annotated[kind, described]
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _option(kind: Any, text: str, bounds: Bounds) -> Any:
    """A named flag, whose help ends in the bounds of its values."""
    text = f"{text}  [{words}]" if (words := bounds.words()) else text
    if kind is IntOrAuto:
        return typer.Option(help=text, parser=IntOrAuto.parse, metavar="<int|auto>")
    if get_origin(kind) is list:
        # Typer itself would write <list[Path]>.
        return typer.Option(help=text, metavar=f"<{get_args(kind)[0].__name__.lower()}>")
    return typer.Option(help=text)
