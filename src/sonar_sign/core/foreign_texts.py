"""What is checked and noted of texts that others made, whatever file they came in."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.ids import require_distinct
from sonar_sign.core.records import SENTENCE
from sonar_sign.core.text_files import REPLACEMENT

# Longer than any sentence: what holds more is no text of a clip.
MAX_CHARACTERS = 10_000
_BREAKS = str.maketrans("\n\t\r", "   ")


@dataclass(frozen=True)
class ForeignTable:
    """What was read of one file."""

    path: Path
    columns: dict[str, list[str]]
    """By name; the column `records.SENTENCE` alone where the file has texts without ids."""
    lines: list[int]
    """The line of each row, or its number in JSON and Parquet."""
    notes: tuple[str, ...] = ()
    """What a reader of the results should know of the file, one sentence each."""

    @property
    def is_sentences(self) -> bool:
        """The file has texts without ids, such as one sentence per line."""
        return [*self.columns] == [SENTENCE]


def checked(table: ForeignTable, key: str | None) -> ForeignTable:
    """The table with every text on one line, and notes on what is unusual in it.

    Args:
        key: the column whose values must differ from row to row, where the table has it.

    Raises:
        UserError: a value is too long; a key is empty, holds a control character, occurs twice,
            or nearly so.
    """
    _check_sizes(table)
    if key in table.columns:
        _check_key(table, key)
    return _noting_characters(_without_breaks(table))


def _check_sizes(table: ForeignTable) -> None:
    for column, values in table.columns.items():
        for row, value in enumerate(values):
            if len(value) > MAX_CHARACTERS:
                raise UserError(
                    f"{table.path}, line {table.lines[row]}: {column!r} has {len(value)} "
                    f"characters, more than the {MAX_CHARACTERS} that a text may have; shorten it."
                )


def _check_key(table: ForeignTable, key: str) -> None:
    for row, name in enumerate(table.columns[key]):
        if not name.isprintable() and any(unicodedata.category(char) == "Cc" for char in name):
            raise UserError(
                f"{table.path}, line {table.lines[row]}: the {key} {name[:80]!r} holds a tab, a "
                "line break or another control character; rename it."
            )
    require_distinct(table.path, key, table.columns[key], table.lines)


def _without_breaks(table: ForeignTable) -> ForeignTable:
    columns = {
        column: [value.translate(_BREAKS) if not value.isprintable() else value for value in values]
        for column, values in table.columns.items()
    }
    n_changed = sum(
        before != after
        for column, values in table.columns.items()
        for before, after in zip(values, columns[column], strict=True)
    )
    if not n_changed:
        return table
    note = f"{table.path.name}: line breaks and tabs within texts ({n_changed}) count as spaces."
    return replace(table, columns=columns, notes=(*table.notes, note))


def _noting_characters(table: ForeignTable) -> ForeignTable:
    notes = []
    lost = _rows_where(table, lambda text: REPLACEMENT in text)
    if lost:
        notes.append(
            f"{table.path.name}: U+FFFD, which stands for characters that were lost in decoding, "
            f"is kept (rows: {len(lost)}, the first in line {lost[0]})."
        )
    apart = _rows_where(table, lambda text: not unicodedata.is_normalized("NFC", text))
    if apart:
        notes.append(
            f"{table.path.name}: accents that are characters of their own (Unicode's NFD) are "
            f"kept, and match no others (rows: {len(apart)}, the first in line {apart[0]})."
        )
    return replace(table, notes=(*table.notes, *notes)) if notes else table


def _rows_where(table: ForeignTable, holds: Callable[[str], bool]) -> list[int]:
    rows = zip(table.lines, *table.columns.values(), strict=True)
    return [line for line, *texts in rows if any(not t.isascii() and holds(t) for t in texts)]
