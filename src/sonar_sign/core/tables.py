"""Tab-separated tables of text: read strictly, written whole or not at all.

The format has no quoting: a field never holds a tab or a line break, and a quotation mark is a
character like any other. That is why captions survive it unchanged, and why neither the csv
module nor pandas' reader is used here (both guess about quotes, blank lines, `NA` and `\\r`).

Columns and rows are plain lists, so that steps without arithmetic need not wait for pandas;
`read_table` is the same as a frame. Tables that anybody else may have made are read by
`foreign_tables`.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import atomic_write
from sonar_sign.core.text_files import BOM, read_text

if TYPE_CHECKING:
    import pandas

# What would not be read again as it was written.
_UNWRITABLE = re.compile("[\n\r\0\ud800-\udfff]")
_TAB = re.compile("\t")
_CALLED = {
    "\t": "a tab",
    "\n": "a line feed",
    "\r": "a carriage return",
    "\0": "a NUL character",
}


def read_columns(
    path: Path, columns: Sequence[str], *, key: str | None = "clip_id"
) -> dict[str, list[str]]:
    """Read a UTF-8 table with a header line; every value is `str`, an empty field is `""`.

    Args:
        path: the table.
        columns: names that the header must hold; further columns are kept, in file order.
        key: the column whose values must be unique and not empty, where the table has it;
            `None` asks for neither.

    Returns:
        The values of every column, in file order; none where the file holds its header alone.

    Raises:
        UserError: the file is missing or empty; its encoding is wrong (see `read_text`); a column
            is missing or named twice; a line has another number of fields than the header; a key is
            empty or occurs twice.
    """
    path = Path(path)
    lines = _read_lines(path)
    header = lines[0].split("\t")
    _check_header(path, header, columns)
    rows = [line.split("\t") for line in lines[1:]]
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise UserError(
                f"{path}, line {number}: {len(row)} fields where the header has {len(header)}; "
                "fields are separated by one tab and hold no tab or line break."
            )
    by_column = zip(*rows, strict=True) if rows else [()] * len(header)
    found = {name: list(values) for name, values in zip(header, by_column, strict=True)}
    if key in header:
        _check_keys(path, key, found[key])
    return found


def read_table(
    path: Path, columns: Sequence[str], *, key: str | None = "clip_id"
) -> "pandas.DataFrame":
    """`read_columns` as a frame of `str`, one row a line."""
    import pandas

    return pandas.DataFrame(read_columns(path, columns, key=key), dtype="str")


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows, with the values of `columns` in their order, as `read_columns` reads them.

    Raises:
        UserError: a column name or a value holds a tab, a line break or what is no character, a
            line would begin with a byte order mark, two columns have one name, or a value is
            missing (NaN, None), which this format could only write as some misleading word.
    """
    for name in columns:
        _check_field(path, "the header", name)
    if len(set(columns)) < len(columns):
        raise UserError(f"{path}: two columns have the same name; rename one of them.")
    lines = ["\t".join(columns)]
    lines += [_line(path, number, columns, row) for number, row in enumerate(rows)]
    for number, line in enumerate(lines, start=1):
        if line.startswith(BOM):
            raise UserError(f"{path}: line {number} would begin with U+FEFF; remove it.")
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        for line in lines:
            file.write(f"{line}\n".encode())


def _read_lines(path: Path) -> list[str]:
    text = read_text(path, "The table")
    if not text:
        raise UserError(f"{path} is empty; a table has at least a header line.")
    return text.removesuffix("\n").split("\n")


def _check_header(path: Path, header: list[str], columns: Sequence[str]) -> None:
    missing = [name for name in columns if name not in header]
    if missing:
        raise UserError(
            f"{path} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
            f"its header has {', '.join(header)} (tab-separated)."
        )
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise UserError(f"{path} names the column {twice[0]!r} more than once; rename one of them.")


def _check_keys(path: Path, key: str, values: list[str]) -> None:
    first_line: dict[str, int] = {}
    for number, value in enumerate(values, start=2):
        if not value:
            raise UserError(f"{path}, line {number} has no {key}; give every row one.")
        if value in first_line:
            raise UserError(
                f"{path} has the {key} {value!r} twice, in lines {first_line[value]} and {number}; "
                "remove one of them."
            )
        first_line[value] = number


def _line(path: Path, row: int, columns: Sequence[str], values: Sequence[object]) -> str:
    fields = [
        value if type(value) is str else _as_text(path, row, name, value)
        for name, value in zip(columns, values, strict=True)
    ]
    line = "\t".join(fields)
    # A line is searched once, and its fields only where something was found.
    if line.count("\t") >= len(columns) or _UNWRITABLE.search(line):
        for name, field in zip(columns, fields, strict=True):
            _check_field(path, f"row {row} of column {name!r}", field)
    return line


def _as_text(path: Path, row: int, column: str, value: object) -> str:
    if value is None or value != value:  # NaN alone does not equal itself
        raise UserError(f"{path}: row {row} of column {column!r} has no value; write '' instead.")
    return str(value)


def _check_field(path: Path, where: str, value: str) -> None:
    found = _UNWRITABLE.search(value) or _TAB.search(value)
    if found:
        word = _CALLED.get(found[0], "half a surrogate pair")
        raise UserError(f"{path}: {where} holds {word}; replace it with a space.")
