"""Which file of a folder holds the rows of which split."""

from collections.abc import Sequence
from pathlib import Path

from sonar_sign.core.corpus_options import ALL, SPLITS, pairs
from sonar_sign.core.errors import UserError
from sonar_sign.core.wording import first_few, nearest
from sonar_sign.corpora.table_rows import SUFFIXES


def table_files(root: Path, given: Sequence[str]) -> dict[str, Path]:
    """Tables by split, or one by `all`.

    Without `files`: those named as splits are (`train.csv`), else the only table in the folder.

    Raises:
        UserError: a split is unknown, or there is no table or several.
    """
    named = pairs("files", given)
    for split in named:
        if split not in (*SPLITS, ALL):
            raise UserError(f"files: {split!r} is no split; {nearest(split, (*SPLITS, ALL))}.")
    if ALL in named and len(named) > 1:
        raise UserError("files names a table for all splits, and others; leave one out.")
    if named:
        return {split: root / file for split, file in named.items()}
    tables = sorted(path for path in root.iterdir() if path.suffix.lower() in SUFFIXES)
    by_split = {path.stem: path for path in tables if path.stem in SPLITS}
    if by_split:
        return by_split
    if len(tables) == 1:
        return {ALL: tables[0]}
    if not tables:
        raise UserError(
            f"There is no table in {root}; put a CSV, TSV, JSON lines or Parquet file with the "
            "columns path and text there, or name it in corpus.files."
        )
    names = first_few([path.name for path in tables])
    raise UserError(
        f"There are several tables in {root} ({names}); say in corpus.files which one is meant, "
        f"such as {{{ALL}: {tables[0].name}}}."
    )
