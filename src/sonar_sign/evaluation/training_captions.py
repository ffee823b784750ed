"""The captions of training, and which signers and source videos it has seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sonar_sign.core.column_names import Layout
from sonar_sign.core.errors import UserError
from sonar_sign.core.foreign_tables import read_foreign
from sonar_sign.core.foreign_texts import ForeignTable
from sonar_sign.core.table_options import TableOptions


@dataclass(frozen=True)
class TrainingCaptions:
    """What training has seen."""

    captions: list[str]
    """In the order of the files; none is empty."""
    signers: frozenset[str] | None = None
    """None: not every file says who signs."""
    sources: frozenset[str] | None = None
    """The source videos; None: not every file names them."""


def read_training(
    paths: Sequence[Path],
    tables: TableOptions = TableOptions(),  # noqa: B008 (frozen)
) -> tuple[TrainingCaptions | None, list[str]]:
    """The captions of training, and what was noticed of the files.

    A file has a column `text`, and `signer` and `source` where they are known; or one caption per
    line. No files: None.

    Raises:
        UserError: a file is malformed, or there are no captions.
    """
    if not paths:
        return None, []
    layout = Layout(("text",), ("signer", "source"), quoting=tables.quoting)
    found = [read_foreign(path, layout) for path in paths]
    texts = [one.columns.get("text") or next(iter(one.columns.values())) for one in found]
    captions = [text for of_file in texts for text in of_file if text.strip()]
    if not captions:
        raise UserError(f"{paths[0]} holds no training captions.")
    notes = [note for one in found for note in one.notes]
    return TrainingCaptions(captions, _values(found, "signer"), _values(found, "source")), notes


def _values(found: Sequence[ForeignTable], column: str) -> frozenset[str] | None:
    if not all(column in one.columns for one in found):
        return None
    return frozenset(value for one in found for value in one.columns[column] if value) or None
