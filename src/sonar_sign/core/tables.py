"""Tab-separated tables of text: read strictly, written whole or not at all.

The format has no quoting: a field never holds a tab or a line break, and a quotation mark is a
character like any other. That is why captions survive it unchanged, and why neither the csv
module nor pandas' reader is used here (both guess about quotes, blank lines, `NA` and `\\r`).

Columns and rows are plain lists, so that steps without arithmetic need not wait for pandas;
`read_table` is the same as a frame.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import atomic_write, require_file
from sonar_sign.core.wording import first_few

if TYPE_CHECKING:
    import pandas

_BREAKS = {"\t": "a tab", "\n": "a line feed", "\r": "a carriage return"}


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
        UserError: the file is missing, empty or not UTF-8; a column is missing or named twice;
            a line has another number of fields than the header; a key is empty or occurs twice.
    """
    path = require_file(path, "The table")
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
        UserError: a column name or a value holds a tab or a line break, or a value is missing
            (NaN, None), which this format could only write as some misleading word.
    """
    for name in columns:
        _check_field(path, "the header", name)
    lines = ["\t".join(columns)]
    for number, row in enumerate(rows):
        values = [
            _as_field(path, number, name, value) for name, value in zip(columns, row, strict=True)
        ]
        lines.append("\t".join(values))
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        for line in lines:
            file.write(f"{line}\n".encode())


def require_same_ids(
    first: Iterable[str], first_name: str, second: Iterable[str], second_name: str
) -> None:
    """Check that two lists name the same clips, in any order.

    Raises:
        UserError: they differ; up to five ids that only one side has are named, each way.
    """
    first, second = set(first), set(second)
    only = [
        f"{len(ids)} only in {name} ({first_few(sorted(ids))})"
        for ids, name in ((first - second, first_name), (second - first, second_name))
        if ids
    ]
    if only:
        raise UserError(
            f"Different clips: {' and '.join(only)}; make both from the same clip list."
        )


def _read_lines(path: Path) -> list[str]:
    try:
        text = path.read_bytes().decode("utf-8-sig")  # spreadsheets like to add a byte order mark
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 at byte {error.start}; save it as UTF-8.") from error
    text = text.replace("\r\n", "\n")
    if not text:
        raise UserError(f"{path} is empty; a table has at least a header line.")
    # str.splitlines would also break at U+2028 and form feeds, which captions may hold.
    lines = text.removesuffix("\n").split("\n")
    for number, line in enumerate(lines, start=1):
        if "\r" in line:
            raise UserError(f"{path}, line {number} holds a carriage return; remove it.")
    return lines


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


def _as_field(path: Path, row: int, column: str, value: object) -> str:
    if value is None or value != value:  # NaN alone does not equal itself
        raise UserError(f"{path}: row {row} of column {column!r} has no value; write '' instead.")
    text = str(value)
    _check_field(path, f"row {row} of column {column!r}", text)
    return text


def _check_field(path: Path, where: str, value: str) -> None:
    for char, word in _BREAKS.items():
        if char in value:
            raise UserError(f"{path}: {where} holds {word}; replace it with a space.")
