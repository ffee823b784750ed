"""The rows of How2Sign's annotation files, which are comma files in some places, tab in others.

Fields may be quoted as the csv module quotes them. Captions, the last column as published, may
also stand without quotes though they hold a quotation mark or, in a comma file, commas.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.text_files import read_text

COLUMNS = (
    "VIDEO_ID",
    "VIDEO_NAME",
    "SENTENCE_ID",
    "SENTENCE_NAME",
    "START_REALIGNED",
    "END_REALIGNED",
    "SENTENCE",
)
CAPTION = COLUMNS[-1]
# Nothing is read from them, and tools that write these columns for other corpora leave them out.
OPTIONAL = ("VIDEO_ID", "SENTENCE_ID")
# A quoted caption may have line breaks, but not more lines than this.
MAX_LINES = 20


@dataclass(frozen=True)
class AnnotationRow:
    """One row of an annotation file."""

    line: int
    """Where it starts, counted from 1 including the header."""
    fields: dict[str, str]
    """By column; empty where the row is malformed."""
    problem: str = ""
    """Why the row cannot be used."""


def read_rows(path: Path) -> list[AnnotationRow]:
    """All rows that are not blank; those that cannot be read have a `problem`.

    Raises:
        UserError: the encoding is wrong (see `read_text`), or the header lacks a column or names
            one twice.
    """
    # str.splitlines would also split at U+2028 and form feeds, which captions may contain.
    lines = read_text(path, "The annotation file").split("\n")
    separator = "\t" if "\t" in lines[0] else ","
    header = _fields(lines[0], separator)
    missing = [column for column in COLUMNS if column not in (*header, *OPTIONAL)]
    if missing:
        raise UserError(f"{path} lacks the column {missing[0]}; name it in the first line.")
    twice = next((column for column in header if header.count(column) > 1), None)
    if twice is not None:
        raise UserError(f"{path} names the column {twice!r} more than once; rename one of them.")
    return [*_rows(lines, header, separator)]


def _rows(lines: list[str], header: list[str], separator: str) -> Iterator[AnnotationRow]:
    at = 1
    while at < len(lines):
        line, number = lines[at], at + 1
        at += 1
        if not line.strip():
            continue
        fields = _fields(line, separator)
        if len(fields) != len(header):
            joined = _over_lines(lines, at - 1, len(header), separator)
            if joined is None:
                fields = _with_plain_caption(line, header, separator) or fields
            else:
                fields, at = joined
        if len(fields) == len(header):
            yield AnnotationRow(number, dict(zip(header, fields, strict=True)))
        else:
            n = len(fields) or len(line.split(separator))
            yield AnnotationRow(number, {}, f"{n} fields instead of {len(header)}")


def _fields(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error:
        # A single quotation mark in a caption is text; the caller checks the number of fields.
        return []


def _over_lines(
    lines: Sequence[str], first: int, n_fields: int, separator: str
) -> tuple[list[str], int] | None:
    """The fields of a row with a quoted field of several lines, and the line after it.

    None where there is no such field: a quotation mark at the start of a caption is followed by
    lines that are rows themselves.
    """
    if not any(part.startswith('"') for part in lines[first].split(separator)):
        return None
    for last in range(first + 1, min(first + MAX_LINES, len(lines))):
        if len(_fields(lines[last], separator)) == n_fields:
            return None
        fields = _fields("\n".join(lines[first : last + 1]), separator)
        if len(fields) == n_fields:
            return fields, last + 1
    return None


def _with_plain_caption(line: str, header: list[str], separator: str) -> list[str] | None:
    """The fields of a row whose caption stands as it is, although it holds quotes or commas."""
    fields = line.split(separator)
    if len(fields) == len(header):
        return fields
    if separator == "," and header[-1] == CAPTION and len(fields) > len(header):
        return line.split(separator, len(header) - 1)
    return None
