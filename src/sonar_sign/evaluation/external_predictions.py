"""Anyone's prediction files: tables, JSON, or one sentence per line."""

from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.foreign_tables import read_foreign
from sonar_sign.core.foreign_texts import ForeignTable
from sonar_sign.core.records import SENTENCE
from sonar_sign.core.table_options import TableOptions
from sonar_sign.translation.prediction_files import (
    join,
    layout_of_predictions,
    layout_of_references,
    require_references,
)
from sonar_sign.translation.predictions import PredictionSet


def read_predictions(
    path: Path,
    reference: Path,
    tables: TableOptions = TableOptions(),  # noqa: B008 (frozen)
) -> PredictionSet:
    """Predictions with their references; both have ids, or both are texts in the same order.

    Sentences are numbered from 1, and each counts as a source video of its own.

    Raises:
        UserError: a file is missing or malformed, or they are not of the same clips.
    """
    predictions = read_foreign(path, layout_of_predictions(tables))
    references = read_foreign(reference, layout_of_references(tables))
    if predictions.is_sentences != references.is_sentences:
        raise UserError(
            f"{path} and {reference} must both be tables with ids, or both have one sentence per "
            "line."
        )
    if not predictions.is_sentences:
        return join(predictions, references)
    return _in_the_same_order(predictions, references)


def _in_the_same_order(predictions: ForeignTable, references: ForeignTable) -> PredictionSet:
    ours, theirs = predictions.columns[SENTENCE], references.columns[SENTENCE]
    if len(ours) != len(theirs):
        raise UserError(
            f"{predictions.path} has {len(ours)} lines and {references.path} {len(theirs)}; they "
            "are not of the same sentences."
        )
    ids = [f"line{number}" for number in range(1, len(theirs) + 1)]
    require_references(theirs, references.path)
    notes = (*predictions.notes, *references.notes)
    return PredictionSet(ids, ids, theirs, ours, notes=tuple(dict.fromkeys(notes)))
