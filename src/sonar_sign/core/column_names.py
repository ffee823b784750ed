"""Which columns of a table are read, by whatever names the table has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.quoting import Quoting
from sonar_sign.core.wording import MAX_KNOWN, first_few


@dataclass(frozen=True)
class Layout:
    """Which columns of a file are read, and how its quotation marks are understood."""

    needed: tuple[str, ...]
    """Columns that the file must have: ids first where there are ids, texts last."""
    optional: tuple[str, ...] = ()
    """Columns that are read where the file has them."""
    key: str | None = None
    """The column whose values must differ from row to row."""
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names by which a file may have a column, the first one found counts; by default its own."""
    quoting: Quoting = "auto"
    """Whether fields of tab files, and of files with a sentence per line, may stand in quotes."""
    numbers: tuple[str, ...] = ()
    """Optional columns that may hold numbers, or nothing, in JSON and Parquet too."""

    def names_of(self, column: str) -> tuple[str, ...]:
        """The names by which a file may have a column."""
        return self.names.get(column, (column,))

    def find(self, path: Path, present: Sequence[str]) -> dict[str, str]:
        """The name in the file of every column that is read.

        Raises:
            UserError: a name occurs twice, or a column that is needed is missing.
        """
        twice = next((name for name in present if present.count(name) > 1), None)
        if twice is not None:
            raise UserError(f"{path} names the column {twice!r} more than once; rename one.")
        found, missing = {}, []
        for column in (*self.needed, *self.optional):
            name = next((name for name in self.names_of(column) if name in present), None)
            if name is not None:
                found[column] = name
            elif column in self.needed:
                missing.append(self.names_of(column)[0])
        if missing:
            raise UserError(
                f"{path} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
                f"it has {first_few([' '.join(name.split()) for name in present], MAX_KNOWN)}."
            )
        return found

    def can_be(self, header: Sequence[str]) -> bool:
        """Whether a line of several fields is a header with every column that is needed."""
        return len(header) > 1 and all(
            any(name in header for name in self.names_of(column)) for column in self.needed
        )
