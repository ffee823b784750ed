"""JSON and JSON lines as columns of text: types are exact, nothing is converted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sonar_sign.core.column_names import Layout
from sonar_sign.core.errors import UserError
from sonar_sign.core.strict_json import parse_json

# Column of a file that holds texts without ids.
SENTENCE = "sentence"
LINES = (".jsonl", ".ndjson")
JSON = (".json", *LINES)

Numbered = list[tuple[int, Any]]
Columns = dict[str, list[str]]


def read_json(path: Path, text: str, layout: Layout) -> tuple[Columns, list[int]] | None:
    """Columns, and the number of every row, of a text in JSON or JSON lines.

    Returns:
        None where the text is neither, nor named so.

    Raises:
        UserError: it is JSON by its name or its first line, but not as a whole; it has another
            form than rows; a row lacks a column, or has a value that is no text.
    """
    rows = _rows(path, text, layout)
    if rows is None:
        return None
    return _columns(path, rows, layout), [number for number, _ in rows]


def _rows(path: Path, text: str, layout: Layout) -> Numbered | None:
    suffix = path.suffix.lower()
    if suffix not in JSON and text.lstrip()[:1] not in ("{", "["):
        return None
    lines = [(n, line) for n, line in enumerate(text.split("\n"), start=1) if line.strip()]
    try:
        value = parse_json(text)
    except ValueError as error:
        whole_problem = f"{error}"
    else:
        if isinstance(value, dict) and (suffix in LINES or len(lines) == 1):
            return [(1, value)] if layout.can_be([*value]) else _of_object(path, value, layout)
        return _of_object(path, value, layout)
    found: Numbered = []
    for number, line in lines:
        try:
            found.append((number, parse_json(line)))
        except ValueError as error:
            # "[Music] plays." is a sentence; what begins with a JSON object is no text.
            if suffix not in JSON and not (found and isinstance(found[0][1], dict)):
                return None
            one_value = suffix == ".json" and not found
            problem = whole_problem if one_value else f"line {number}: {error}"
            raise UserError(
                f"{path} is not {'JSON' if one_value else 'JSON lines'} ({problem}); mend it, or "
                "give the file the suffix of what it holds."
            ) from error
    return found


def _of_object(path: Path, value: Any, layout: Layout) -> Numbered:
    """Rows of a list of objects or texts, of `{id: text}`, or of `{column: [...]}`."""
    if isinstance(value, list):
        return [*enumerate(value, start=1)]
    if isinstance(value, dict) and value and len(layout.needed) == 2:
        id_column, text_column = (layout.names_of(column)[0] for column in layout.needed)
        if all(isinstance(one, str) for one in value.values()):
            pairs = enumerate(value.items(), start=1)
            return [(number, {id_column: key, text_column: text}) for number, (key, text) in pairs]
    if isinstance(value, dict) and value:
        lists = [one for one in value.values() if isinstance(one, list)]
        if len(lists) == len(value) and len({len(one) for one in lists}) == 1:
            rows = enumerate(zip(*lists, strict=True), start=1)
            return [(number, dict(zip(value, row, strict=True))) for number, row in rows]
    raise UserError(
        f"{path} is JSON, but neither a list of objects, nor an object of ids and texts, nor one "
        "of columns; write one object per clip (pandas: orient='records')."
    )


def _columns(path: Path, rows: Numbered, layout: Layout) -> Columns:
    if not rows:
        raise UserError(f"{path} is empty, so there is nothing to read.")
    if all(isinstance(row, str) for _, row in rows):
        return {SENTENCE: [as_text(path, number, SENTENCE, row) for number, row in rows]}
    for number, row in rows:
        if not isinstance(row, dict):
            raise UserError(
                f"{path}, row {number} is {_kind(row)}; every row must be an object, or every row "
                "a text."
            )
    present = dict.fromkeys(name for _, row in rows for name in row)
    return {
        column: [*_column(path, rows, name, is_number=column in layout.numbers)]
        for column, name in layout.find(path, [*present]).items()
    }


def _column(path: Path, rows: Numbered, name: str, *, is_number: bool) -> Iterator[str]:
    for number, row in rows:
        if is_number:
            yield number_as_text(path, number, name, row.get(name))
            continue
        if name not in row:
            raise UserError(f"{path}, row {number} lacks {name!r}; give every row one.")
        yield as_text(path, number, name, row[name])


def number_as_text(path: Path, number: int, column: str, value: Any) -> str:
    """A number as the text that means it, nothing (null, and Parquet's NaN) as an empty text.

    Raises:
        UserError: the value is neither, nor a text.
    """
    if value is None or value != value:
        return ""
    if isinstance(value, float):
        return repr(value)
    return as_text(path, number, column, value)


def as_text(path: Path, number: int, column: str, value: Any) -> str:
    """A text as it is, a whole number as its digits; anything else is refused.

    Raises:
        UserError: the value is null, a fraction or a list, or holds half a surrogate pair.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise UserError(
            f"{path}, row {number}: {column!r} is {_kind(value)}; write a text, '' for none."
        )
    for problem, holds in (
        ("half a surrogate pair", any("\ud800" <= char <= "\udfff" for char in value)),
        ("a NUL character", "\0" in value),
    ):
        if holds:
            raise UserError(f"{path}, row {number}: {column!r} holds {problem}; remove it.")
    return value


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool | float):
        return f"{str(value).lower()}, which is no text"
    return f"a {type(value).__name__}"
