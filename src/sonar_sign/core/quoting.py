"""Fields of tables that may be quoted as the csv module quotes: recognised file by file.

A quoted field stands wholly in double quotes, and a quote within it is doubled. In a comma file
that is the rule. In a tab file, or one with a sentence per line, a quotation mark may as well be
text, so quoting is taken for granted only where the file as a whole shows it.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

Quoting = Literal["auto", "none", "csv"]


@dataclass(frozen=True)
class Row:
    """One row of a table."""

    line: int
    """The line where it starts, from 1."""
    fields: list[str]
    quoted: tuple[bool, ...]
    """Which fields stood in quotes, which are no longer there."""
    n_lines: int = 1


@dataclass(frozen=True)
class Rows:
    """The rows of a text, and how their quotation marks were understood."""

    rows: list[Row]
    quoted: bool
    """Quotes around fields were taken off."""
    n_in_quotes: int = 0
    """Fields of a text that is not quoted which nevertheless stand wholly in quotes."""


class QuotingError(ValueError):
    """A quoted field that does not end as it should; the first argument is its line."""


def split_rows(
    text: str, delimiter: str, quoting: Quoting = "auto", *, has_header: bool = True
) -> Rows:
    """Split a text into rows of fields.

    Args:
        text: lines with `\\n` between them, as of `text_files.read_text`.
        quoting: `auto` decides by the text where the delimiter is a tab; comma files are quoted.
        has_header: the first row names columns.

    Raises:
        QuotingError: a text that must be quoted has a quoted field that is malformed.
    """
    if quoting == "none" or not _starts_a_field(text, delimiter):
        return Rows(_plain(text, delimiter), False)
    if quoting == "csv" or delimiter != "\t":
        return Rows(_quoted(text, delimiter), True)
    plain = _plain(text, delimiter)
    try:
        quoted = _quoted(text, delimiter)
    except QuotingError:
        return Rows(plain, False)
    if _shows_quoting(plain, quoted, has_header):
        return Rows(quoted, True)
    return Rows(plain, False, sum(sum(row.quoted) for row in quoted))


def _starts_a_field(text: str, delimiter: str) -> bool:
    return text.startswith('"') or f'{delimiter}"' in text or '\n"' in text


def _plain(text: str, delimiter: str) -> list[Row]:
    return [
        Row(number, line.split(delimiter), ())
        for number, line in enumerate(text.split("\n"), start=1)
    ]


def _quoted(text: str, delimiter: str) -> list[Row]:
    rows: list[Row] = []
    fields: list[str] = []
    quoted: list[bool] = []
    first = line = 1
    at, end = 0, len(text)
    match = _field(delimiter).match
    while True:
        found = match(text, at)
        if found is None:
            raise QuotingError(line)
        inside, outside, stop = found.groups()
        fields.append(outside or "" if inside is None else inside.replace('""', '"'))
        quoted.append(inside is not None)
        line += found[0].count("\n")
        at = found.end()
        if stop != delimiter:
            n_lines = line - first + (not stop)
            rows.append(Row(first, fields, tuple(quoted), n_lines))
            if at == end and not stop:
                return rows
            fields, quoted, first = [], [], line


@cache
def _field(delimiter: str) -> re.Pattern[str]:
    unquoted = f'[^"{delimiter}\n][^{delimiter}\n]*+'
    return re.compile(f'(?:"((?:[^"]++|"")*+)"|({unquoted})?)({delimiter}|\n|\\Z)')


def _shows_quoting(plain: list[Row], quoted: list[Row], has_header: bool) -> bool:
    """Whether a text in which every quoted field is well formed was written with quoting."""
    n_columns = len(quoted[0].fields)
    if any(len(row.fields) != n_columns for row in quoted):
        return False
    in_quotes: list[str] = []
    others: list[str] = []
    for row in quoted:
        for field, is_quoted in zip(row.fields, row.quoted, strict=True):
            (in_quotes if is_quoted else others).append(field)
    if any('"' in field for field in others):
        return False  # a writer that quotes would have quoted these
    if has_header and any(quoted[0].quoted):
        return True  # no column's name begins with a quotation mark
    is_plain_table = all(len(row.fields) == n_columns for row in plain)
    if is_plain_table and any(row.n_lines > 1 for row in quoted):
        return False  # two lone quotation marks in two rows
    if not is_plain_table:
        return True
    if any('"' in field or "\t" in field for field in in_quotes) or not any(in_quotes):
        return True
    # Spreadsheets quote fields with commas in tab files too.
    with_commas = [field for field in in_quotes if "," in field]
    return len(with_commas) == len(in_quotes) > 1 and not any("," in field for field in others)
