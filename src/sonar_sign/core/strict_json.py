"""JSON without what readers disagree about: NaN, Infinity and keys that occur twice."""

import json
from typing import Any


def parse_json(text: str) -> Any:
    """A JSON value; NaN, Infinity and a key that occurs twice are refused.

    Raises:
        ValueError: the text is no such value.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("its lists or objects are nested too deeply") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} occurs twice in one object")
    return found


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")
