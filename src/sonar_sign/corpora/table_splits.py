"""The rows of every split of a table: by file, by a column, or made here by source video."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import TypeVar

from sonar_sign.core.corpus_options import ALL, SPLITS, CorpusOptions
from sonar_sign.core.errors import UserError
from sonar_sign.corpora.splits import shares_of, split_by_source, split_named
from sonar_sign.corpora.table_rows import TableRow

Row = TypeVar("Row")
DEFAULT_SHARES = ("val=0.1", "test=0.1")


def rows_of_splits(
    tables: Mapping[str, Sequence[TableRow]], options: CorpusOptions
) -> dict[str, list[TableRow]]:
    """Rows by split; a row of no split that is known has a problem.

    Raises:
        UserError: shares are given where the table has splits of its own, or cannot be made.
    """
    rows = tables.get(ALL)
    own = rows is None or any("split" in row.fields for row in rows)
    if own and options.split_shares:
        raise UserError(
            "split_shares makes splits by source video, but the corpus has splits of its own; "
            "leave split_shares out, or take the column split and corpus.files away."
        )
    if rows is None:
        return {split: list(found) for split, found in tables.items()}
    if own:
        return _by_column(rows)
    return _by_source(rows, options)


def _by_column(rows: Sequence[TableRow]) -> dict[str, list[TableRow]]:
    split_of: list[str | None] = []
    named: list[TableRow] = []
    for row in rows:
        split = split_named(row.fields.get("split", ""))
        if split is None and not row.problem:
            name = row.fields["split"][:40]
            row = TableRow(row.line, {}, f"its split {name!r} is none of train, val, test")
        split_of.append(split)
        named.append(row)
    return grouped(named, split_of)


def _by_source(rows: Sequence[TableRow], options: CorpusOptions) -> dict[str, list[TableRow]]:
    shares = shares_of(options.split_shares or DEFAULT_SHARES)
    sources = [None if row.problem else _source_of(row) for row in rows]
    used = (source for source in sources if source is not None)
    split_of = split_by_source(used, shares, options.split_seed)
    return grouped(rows, [split_of.get(source) for source in sources])


def _source_of(row: TableRow) -> str:
    return row.fields.get("source", "").strip() or str(PurePosixPath(row.fields["path"].strip()))


def grouped(rows: Sequence[Row], split_of: Sequence[str | None]) -> dict[str, list[Row]]:
    """Rows by split; those without one, which have a problem, are in the first split that has any.

    So every row is counted once, and no split exists for them alone.
    """
    home = next((split for split in SPLITS if split in split_of), SPLITS[0])
    found: dict[str, list[Row]] = {}
    for row, split in zip(rows, split_of, strict=True):
        found.setdefault(split or home, []).append(row)
    return found
