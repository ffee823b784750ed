"""Tables with `|` between fields that are never quoted, as PHOENIX-2014T and CSL-Daily have."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.text_files import read_text


@dataclass(frozen=True)
class BarRow:
    """One row."""

    line: int
    """Its line, counted from 1 including the header."""
    fields: dict[str, str]
    """By column; empty where the row is malformed."""
    problem: str = ""
    """Why the row cannot be used."""


def read_bar_table(path: Path, columns: Sequence[str], what: str) -> list[BarRow]:
    """All rows that are not blank; those that cannot be read have a `problem`.

    Args:
        columns: those that must be there; others may be.
        what: the file, for messages.

    Raises:
        UserError: the file is missing or not UTF-8, or its header lacks a column or names one
            twice.
    """
    first, *lines = read_text(path, what).split("\n")
    header = [name.strip() for name in first.split("|")]
    for column in columns:
        if column not in header:
            raise UserError(
                f"{path} lacks the column {column}; its first line must name {', '.join(columns)}, "
                "with | between them."
            )
        if header.count(column) > 1:
            raise UserError(f"{path} names the column {column!r} twice; rename one of them.")
    return [_row(number, line, header) for number, line in enumerate(lines, 2) if line.strip()]


def _row(number: int, line: str, header: Sequence[str]) -> BarRow:
    fields = line.split("|")
    if len(fields) != len(header):
        return BarRow(number, {}, f"{len(fields)} fields instead of {len(header)}")
    return BarRow(number, dict(zip(header, (field.strip() for field in fields), strict=True)))
