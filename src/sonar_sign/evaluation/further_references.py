"""Further references of the same clips: other files, or further columns of the first one."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.foreign_tables import read_foreign
from sonar_sign.core.table_options import TableOptions
from sonar_sign.translation.prediction_files import (
    ID,
    REFERENCE,
    further_columns,
    layout_of_references,
)
from sonar_sign.translation.predictions import PredictionSet


def with_further_references(
    clips: PredictionSet,
    paths: Sequence[Path],
    tables: TableOptions = TableOptions(),  # noqa: B008 (frozen)
) -> PredictionSet:
    """The clips with further references: columns `text`, `text_2` and so on of each file.

    A file may lack clips, or have an empty text; such a clip has fewer references. A file with one
    sentence per line has as many lines as there are clips, in their order.

    Raises:
        UserError: a file is malformed, has none of the clips, or another number of sentences.
    """
    further, notes = [*clips.further_references], [*clips.notes]
    for path in paths:
        columns, of_file = _read(path, clips, tables)
        further += columns
        notes += of_file
    found = tuple(column for column in further if any(column))
    return replace(clips, further_references=found, notes=tuple(dict.fromkeys(notes)))


def _read(
    path: Path, clips: PredictionSet, tables: TableOptions
) -> tuple[list[list[str]], list[str]]:
    table = read_foreign(path, layout_of_references(tables))
    if table.is_sentences:
        (texts,) = table.columns.values()
        if len(texts) != len(clips.clip_ids):
            raise UserError(
                f"{path} has {len(texts)} lines for {len(clips.clip_ids)} clips; give one further "
                "reference per line, in the same order."
            )
        return [[text.strip() for text in texts]], [*table.notes]
    first = dict(zip(table.columns[ID], table.columns[REFERENCE], strict=True))
    known = [clip_id for clip_id in clips.clip_ids if clip_id in first]
    if not known:
        raise UserError(
            f"{path} has further references of none of the clips; its ids begin with "
            f"{table.columns[ID][0]!r}."
            if first
            else f"{path} has no rows."
        )
    columns = [[first.get(clip_id, "").strip() for clip_id in clips.clip_ids]]
    columns += further_columns(table, clips.clip_ids)
    note = f"{path.name}: further references ({len(columns)}) of {len(known)} clips"
    others = len(first) - len(known)
    note += f"; {others} rows of other clips are ignored." if others else "."
    return columns, [*table.notes, note]
