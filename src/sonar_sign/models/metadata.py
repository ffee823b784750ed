"""What a checkpoint says about how it was made, as text for people."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sonar_sign.models.model_files import read_metadata

INDENT = "  "


def describe_checkpoint(path: Path) -> str:
    """The metadata of a checkpoint as indented lines, with those of its parents.

    Raises:
        UserError: as for `read_metadata`.
    """
    metadata = read_metadata(path)
    if not metadata:
        return f"{path} says nothing about how it was made: it was not written by sonar-sign."
    return "\n".join([str(path), *_lines(metadata, INDENT)])


def _lines(metadata: Mapping[str, Any], indent: str) -> Iterator[str]:
    parents = metadata.get("started_from", {})
    for key, value in metadata.items():
        if key == "started_from":
            continue
        if isinstance(value, dict):
            yield f"{indent}{key}"
            width = max((len(str(name)) for name in value), default=0)
            for name, item in value.items():
                yield f"{indent}{INDENT}{name!s:<{width}}  {_short(item)}"
        else:
            yield f"{indent}{key}: {_short(value)}"
    if parents:
        yield f"{indent}started_from"
    for role, parent in parents.items():
        own = parent.get("metadata")
        known = "" if own else ", which says nothing about how it was made"
        yield f"{indent}{INDENT}{role}: sha256 {parent['sha256'][:16]}{known}"
        if own:
            yield from _lines(own, indent + 2 * INDENT)


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):  # one corpus
        return ", ".join(f"{name} {_short(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_short, value)) or "none"
    if isinstance(value, str) and len(value) == 64:  # a hash
        return value[:16]
    return "none" if value in (None, "") else str(value)
