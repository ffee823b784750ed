"""Inputs and settings of the workflow's rules as flags of the commands that they call."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sonar_sign.core.corpus_options import CorpusOptions


def repeated(flag: str, paths: Iterable[str]) -> str:
    """`--flag path` for every path."""
    return " ".join(f"--{flag} {shlex.quote(str(path))}" for path in paths)


def input_flags(inputs: Mapping[str, Any], *left_out: str) -> str:
    """Inputs as the flags of their names, `--train-features a --train-features b ...`."""
    given = {name: value for name, value in inputs.items() if name not in left_out and value}
    return " ".join(
        repeated(name.replace("_", "-"), [value] if isinstance(value, str) else value)
        for name, value in given.items()
    )


def flags(settings: Mapping[str, Any], *left_out: str) -> str:
    """Settings as command-line flags."""
    return " ".join(
        _flag(key.replace("_", "-"), value)
        for key, value in settings.items()
        if key not in left_out and value is not None and value != ""
    )


def _flag(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no-{name}"
    return f"--{name} {shlex.quote(str(value))}"


def corpus_flags(corpus: Mapping[str, Any]) -> str:
    """The type of a corpus, and the flags of what its config says of its files."""
    changed = CorpusOptions.of(corpus).changed()
    lists = {name: value for name, value in changed.items() if isinstance(value, list)}
    words = [repeated(name.replace("_", "-"), value) for name, value in lists.items()]
    single = flags({name: value for name, value in changed.items() if name not in lists})
    return " ".join([corpus["type"], *words, *([single] if single else [])])


_NAMES = {
    "parent": lambda path: path.parent.name,
    "split": lambda path: path.name.split(".")[0],
    "system": lambda path: f"{path.parent.name}.{path.name}",
}


def named(paths: Sequence[str], by: str) -> list[str]:
    """`NAME=path`: by the folder it lies in, by the split that its own name begins with, or by a
    system and a language, the last two parts of it.
    """
    return [f"{_NAMES[by](Path(path))}={path}" for path in paths]
