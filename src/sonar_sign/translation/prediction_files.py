"""Predictions of anyone, joined with their references: exactly the clips that were given."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from sonar_sign.core.column_names import Layout
from sonar_sign.core.errors import UserError
from sonar_sign.core.foreign_tables import read_foreign
from sonar_sign.core.foreign_texts import ForeignTable
from sonar_sign.core.ids import require_same_ids
from sonar_sign.core.numbers import parse_number
from sonar_sign.core.table_options import TableOptions
from sonar_sign.translation.predictions import PredictionSet

ID, PREDICTION, REFERENCE, SOURCE = "clip_id", "prediction", "text", "source"
COSINE, SCORE = "cosine", "score"
# Further references of the same clips, beside the first one.
FURTHER = tuple(f"{REFERENCE}_{number}" for number in range(2, 21))


def read_clips(
    predictions: Path,
    manifest: Path,
    references: Path | None = None,
    tables: TableOptions = TableOptions(),  # noqa: B008 (frozen)
) -> PredictionSet:
    """Join predictions with their references; all files must name exactly the same clips.

    Args:
        predictions: a table with `clip_id`, `prediction`, or the columns that `tables` names.
        manifest: a table with `clip_id`, `source`, `text`.
        references: a table with `clip_id`, `text` that replaces the manifest's captions.

    Raises:
        UserError: a file is malformed, clips differ (up to five ids are named each way), or there
            are none.
    """
    read = [
        (predictions, layout_of_predictions(tables)),
        (manifest, layout_of_references(tables, needed=(ID, SOURCE, REFERENCE))),
    ]
    if references is not None:
        read.append((references, layout_of_references(tables, needed=(ID, REFERENCE))))
    found = [read_foreign(path, layout) for path, layout in read]
    for table in found:
        if table.is_sentences:
            raise UserError(f"{table.path} has texts without ids; give a table with {ID}.")
    return join(*found)


def layout_of_predictions(tables: TableOptions) -> Layout:
    """Where ids and texts of predictions stand."""
    names = {ID: (tables.id or ID,), PREDICTION: (tables.text or PREDICTION,)}
    numbers = COSINE, SCORE
    return Layout((ID, PREDICTION), numbers, ID, names, tables.quoting, numbers)


def layout_of_references(tables: TableOptions, needed: tuple[str, ...] = (ID, REFERENCE)) -> Layout:
    """Where ids and texts of references stand: under our names, else under those of `tables`."""
    names = {
        ID: tuple(filter(None, (ID, tables.id))),
        REFERENCE: tuple(filter(None, (REFERENCE, tables.text))),
    }
    optional = () if SOURCE in needed else (SOURCE,)
    return Layout(needed, (*optional, *FURTHER), ID, names, tables.quoting)


def join(
    predictions: ForeignTable, manifest: ForeignTable, references: ForeignTable | None = None
) -> PredictionSet:
    """The clips of the manifest, in its order.

    Raises:
        UserError: clips differ, or there are none.
    """
    files = [predictions, manifest, *([references] if references else [])]
    ids = manifest.columns[ID]
    for other in files[1:]:
        require_same_ids(
            predictions.columns[ID], str(predictions.path), other.columns[ID], str(other.path)
        )
    if not ids:
        raise UserError(
            f"{manifest.path} has no clips, so there is nothing to score; choose a split that has "
            "some."
        )
    notes = [note for table in files for note in table.notes]
    if SOURCE not in manifest.columns:
        notes.append(
            f"{manifest.path.name} has no column {SOURCE}: every clip counts as a video of its "
            "own, so intervals are too narrow where clips share a video."
        )
    texts = _by_clip(references or manifest, REFERENCE)
    captions = [texts[clip_id] for clip_id in ids]
    require_references(captions, (references or manifest).path)
    further = tuple(filter(any, further_columns(references or manifest, ids)))
    if further:
        path = (references or manifest).path
        notes.append(f"{path.name}: {len(further)} further references, from its columns.")
    return PredictionSet(
        clip_ids=ids,
        sources=manifest.columns.get(SOURCE, ids),
        references=captions,
        predictions=[*map(_by_clip(predictions, PREDICTION).__getitem__, ids)],
        cosines=_cosines(predictions, ids),
        decoder_scores=_scores(predictions, ids),
        further_references=further,
        notes=tuple(dict.fromkeys(notes)),
    )


def require_references(texts: Sequence[str], path: Path) -> None:
    """Raises UserError if no reference has a word, so that nothing can be scored."""
    if not any(text.strip() for text in texts):
        raise UserError(
            f"All {len(texts)} references of {path} are empty; give the column of the captions."
        )


def further_columns(table: ForeignTable, ids: list[str]) -> tuple[list[str], ...]:
    """The further references of these clips, `text_2` and so on; empty for a clip without."""
    columns = [_by_clip(table, name) for name in FURTHER if name in table.columns]
    return tuple([texts.get(clip_id, "").strip() for clip_id in ids] for texts in columns)


def _by_clip(table: ForeignTable, column: str) -> Mapping[str, str]:
    return dict(zip(table.columns[ID], table.columns[column], strict=True))


def _cosines(predictions: ForeignTable, ids: list[str]) -> list[float] | None:
    """The column `cosine`, which is optional; NaN for a clip that was dropped."""
    return _numbers(predictions, COSINE, ids, 1.0001, "a number from -1 to 1")


def _scores(predictions: ForeignTable, ids: list[str]) -> list[float] | None:
    """The column `score` of the decoder, which is optional; NaN for a clip without."""
    return _numbers(predictions, SCORE, ids, 1e12, "a number, or nothing")


def _numbers(
    predictions: ForeignTable, column: str, ids: list[str], most: float, what: str
) -> list[float] | None:
    if column not in predictions.columns:
        return None
    values: dict[str, float] = {}
    for clip_id, text in _by_clip(predictions, column).items():
        value = parse_number(text) if text else float("nan")
        if value is None or abs(value) > most:
            raise UserError(
                f"{predictions.path}: the {column} of {clip_id} cannot be {text!r}; write {what}."
            )
        values[clip_id] = value
    return [values[clip_id] for clip_id in ids]
