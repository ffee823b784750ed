"""Rows of anyone's table: CSV, TSV, JSON lines, JSON or Parquet; a bad row spoils no other.

`core/foreign_tables` refuses a file with one bad row, because scores of a part of the clips would
mislead. Here a bad row becomes a dropped clip, as in every corpus.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file
from sonar_sign.core.quoting import QuotingError, split_rows
from sonar_sign.core.strict_json import parse_json
from sonar_sign.core.text_files import read_text

SUFFIXES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json", ".parquet", ".pq")
_NESTED = (list, dict, bytes)
_PARQUET_START = b"PAR1"


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a table."""

    line: int
    """Where it starts, from 1 including a header; its number in JSON and Parquet."""
    fields: Mapping[str, str]
    """By name; empty where the row is malformed."""
    problem: str = ""
    """Why the row cannot be used."""


@dataclass(frozen=True)
class TableRows:
    """A table as it is."""

    names: list[str]
    """The columns that it has."""
    rows: list[TableRow]


def read_table_rows(path: Path) -> TableRows:
    """Read a table, recognised by its content and its suffix.

    Raises:
        UserError: it is missing, empty, or none of these formats; its encoding is wrong; a column
            is named twice.
    """
    path = require_file(path, "The table")
    with path.open("rb") as file:
        is_parquet = file.read(len(_PARQUET_START)) == _PARQUET_START
    found = _parquet(path) if is_parquet else _text(path)
    if not found.rows:
        raise UserError(f"{path} has no rows; give it one for every clip.")
    twice = next((name for name in found.names if found.names.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"{path} names the column {twice!r} more than once; rename one of them.")
    return found


def _parquet(path: Path) -> TableRows:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise UserError(f"{path}: Parquet needs the package pyarrow; save it as TSV.") from error
    try:
        table = pq.read_table(path)
        simple = [field.name for field in table.schema if not pa.types.is_nested(field.type)]
        values = [table[name].to_pylist() for name in simple]
    except (pa.ArrowException, OSError, ValueError) as error:
        problem = " ".join(str(error).split())
        raise UserError(f"{path} cannot be read as Parquet ({problem}); write it again.") from error
    rows = [dict(zip(simple, row, strict=True)) for row in zip(*values, strict=True)]
    return TableRows(table.schema.names, [*_of_objects(enumerate(rows, start=1))])


def _text(path: Path) -> TableRows:
    text, suffix = read_text(path, "The table"), path.suffix.lower()
    if not text.strip():
        raise UserError(f"{path} is empty, so there is nothing to read.")
    if suffix == ".json":
        return _json(path, text)
    if suffix in (".jsonl", ".ndjson") or text.lstrip()[0] == "{":
        return _json_lines(path, text)
    return _delimited(path, text)


def _json(path: Path, text: str) -> TableRows:
    try:
        value = parse_json(text)
    except ValueError as error:
        if text.lstrip()[0] == "{":
            return _json_lines(path, text)
        raise UserError(f"{path} is not JSON ({error}); mend it.") from error
    columns = [*value.values()] if isinstance(value, dict) else []
    if columns and all(isinstance(one, list) and len(one) == len(columns[0]) for one in columns):
        value = [dict(zip(value, row, strict=True)) for row in zip(*columns, strict=True)]
    if not isinstance(value, list):
        raise UserError(f"{path} holds no list of objects; write one object per clip.")
    return _table_of(enumerate(value, start=1))


def _json_lines(path: Path, text: str) -> TableRows:
    found = _table_of(_parsed_lines(text))
    if all(row.problem for row in found.rows):
        line, problem = found.rows[0].line, found.rows[0].problem
        raise UserError(f"{path} has no row that is a JSON object (line {line}: {problem}).")
    return found


def _parsed_lines(text: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield number, parse_json(line)
            except ValueError as error:
                yield number, error


def _table_of(numbered: Iterable[tuple[int, Any]]) -> TableRows:
    rows = [*_of_objects(numbered)]
    return TableRows([*dict.fromkeys(name for row in rows for name in row.fields)], rows)


def _of_objects(numbered: Iterable[tuple[int, Any]]) -> Iterator[TableRow]:
    for number, value in numbered:
        if isinstance(value, ValueError):
            yield TableRow(number, {}, f"it is not JSON: {value}")
        elif not isinstance(value, dict):
            yield TableRow(number, {}, "it is no object")
        else:
            # Lists and objects are no values of a table; columns of them are as if not there.
            plain = {str(name): one for name, one in value.items() if not isinstance(one, _NESTED)}
            yield TableRow(number, {name: _as_text(one) for name, one in plain.items()})


def _as_text(value: Any) -> str:
    """A value as a table of text would have it; nothing for what is no value."""
    if isinstance(value, str):
        # Half a surrogate pair and NUL can stand in JSON, and in no file name or table.
        return value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float):
        return f"{value:.9f}".rstrip("0").rstrip(".") if abs(value) < 1e15 else str(value)
    return str(value)


def _delimited(path: Path, text: str) -> TableRows:
    delimiter = _delimiter(text.partition("\n")[0])
    try:
        header, *rows = split_rows(text.rstrip("\n"), delimiter).rows
    except QuotingError as error:
        raise UserError(
            f"{path}, line {error.args[0]}: a quoted field does not end with its quote; double the "
            "quotes within it, or save the table with tabs."
        ) from error
    names = [name.strip() for name in header.fields]
    return TableRows(names, [*_named(names, [row for row in rows if any(row.fields)])])


def _delimiter(header: str) -> str:
    return max("\t,;|", key=header.count) if "\t" not in header else "\t"


def _named(names: Sequence[str], rows: Iterable[Any]) -> Iterator[TableRow]:
    for row in rows:
        if len(row.fields) == len(names):
            yield TableRow(row.line, dict(zip(names, row.fields, strict=True)))
        else:
            yield TableRow(row.line, {}, f"{len(row.fields)} fields instead of {len(names)}")
