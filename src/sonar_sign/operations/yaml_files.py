"""YAML as configs are written in it: a mapping of plain values, and nothing that surprises.

Against YAML 1.1 as PyYAML reads it: a key stands in a mapping once and is a text; there are no
tags; numbers are decimal, so `1e-3` is one, and `0x10`, `010`, `1_000`, `1:30` and `.nan` are text;
dates are text. Nesting, size and what aliases repeat are bounded, so that a file of one kilobyte
cannot fill the memory.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from sonar_sign.core.bounds import read_number
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file

MAX_BYTES = 200_000
MAX_DEPTH = 30
MAX_NODES = 20_000
_TAG = "tag:yaml.org,2002:"
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)$(?!\n)")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$(?!\n)")


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file that holds a mapping.

    Raises:
        UserError: it is missing, too large, no YAML of this module's kind, or holds no mapping.
    """
    path = require_file(path, "The config")
    if path.stat().st_size > MAX_BYTES:
        raise UserError(f"{path} is larger than {MAX_BYTES // 1000} KB, which no config is.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is not UTF-8 text (byte {error.start + 1}); save it as UTF-8."
        ) from error
    try:
        _refuse_bombs(text)
        values = yaml.load(text, _PlainLoader)
    except yaml.YAMLError as error:
        raise UserError(
            f"{path}{_line(error)}: this is not a valid config ({_problem(error)})."
        ) from error
    if not isinstance(values, dict):
        raise UserError(f"{path} holds no keys; give a config of the workflow.")
    return values


def extended_files(values: dict[str, Any], where: str) -> list[str]:
    """Take the key `extends` out of a config: the files that it names.

    Raises:
        UserError: it holds something else.
    """
    named = values.pop("extends", [])
    names = [named] if isinstance(named, str) else named
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise UserError(f"{where}: extends must be a file's name, or a list of them.")
    return names


class _PlainLoader(yaml.SafeLoader):
    """YAML as the module's docstring says."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag not in (
                f"{_TAG}str",
                f"{_TAG}merge",
            ):
                shown = key.value if isinstance(key, yaml.ScalarNode) else "a list or mapping"
                shown = shown or "an empty key"
                raise _error(key, f"a key must be a text: put {shown} into quotes")
            if key.value in seen:
                raise _error(key, f"the key {key.value} stands there twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_number(self, node: yaml.ScalarNode) -> int | float:
        try:
            return read_number(node.value)
        except ValueError:
            raise _error(node, "this number has too many digits") from None


_PlainLoader.yaml_implicit_resolvers = {
    first: [one for one in resolvers if one[0] not in _OWN]
    for _OWN in [{f"{_TAG}int", f"{_TAG}float", f"{_TAG}timestamp"}]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _kind, _pattern in (("int", _INT), ("float", _FLOAT)):
    _PlainLoader.add_implicit_resolver(f"{_TAG}{_kind}", _pattern, list("-+.0123456789"))
    _PlainLoader.add_constructor(f"{_TAG}{_kind}", _PlainLoader.construct_number)


def _refuse_bombs(text: str) -> None:
    """Refuse tags, deep nesting, and aliases that repeat too much, before anything is built."""
    sizes: dict[str, int | None] = {}
    # Of the nodes that are open: their anchors, and how many nodes they hold with all aliases.
    opened: list[tuple[str | None, int]] = [(None, 0)]
    for event in yaml.parse(text, yaml.SafeLoader):
        size, anchor = 0, getattr(event, "anchor", None)
        if getattr(event, "tag", None) is not None:
            raise _error(event, f"tags such as {event.tag[:40]} are not possible")
        if isinstance(event, yaml.CollectionStartEvent):
            opened.append((anchor, 1))
            if anchor:
                sizes[anchor] = None
            if len(opened) > MAX_DEPTH:
                raise _error(event, f"it is nested more than {MAX_DEPTH} deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, size = opened.pop()
        elif isinstance(event, yaml.ScalarEvent):
            size = 1
        elif isinstance(event, yaml.AliasEvent):
            # None: an alias of a node that it stands in itself; an unknown one is PyYAML's to say.
            size = sizes.get(anchor, 0)
            if size is None:
                raise _error(event, f"the alias {anchor} stands within itself")
        if size:
            if anchor and not isinstance(event, yaml.AliasEvent):
                sizes[anchor] = size
            opened[-1] = (opened[-1][0], opened[-1][1] + size)
        if opened[-1][1] > MAX_NODES:
            raise _error(event, f"it holds more than {MAX_NODES} values, aliases included")


def _error(place: Any, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=place.start_mark)


def _line(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f", line {mark.line + 1}" if mark else ""


def _problem(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.reader.ReaderError):
        return "it holds control characters"
    problem = getattr(error, "problem", None) or error.__class__.__name__
    return " ".join(problem.split())
