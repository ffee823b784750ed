"""Anyone's prediction files: tables, or one sentence per line."""

from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file
from sonar_sign.translation.predictions import PredictionSet, read_clips

TABLE = ".tsv"


def read_predictions(path: Path, reference: Path) -> PredictionSet:
    """Predictions with their references; both are tables, or both have one sentence per line.

    Lines are numbered from 1, and each counts as a source video of its own.

    Raises:
        UserError: a file is missing or malformed, or they are not of the same clips.
    """
    kinds = {Path(path).suffix == TABLE, Path(reference).suffix == TABLE}
    if len(kinds) > 1:
        raise UserError(
            f"{path} and {reference} must both be tables (.tsv) or both have one sentence per line."
        )
    if kinds == {True}:
        return read_clips(path, reference)
    predictions, references = _lines(path), _lines(reference)
    if len(predictions) != len(references):
        raise UserError(
            f"{path} has {len(predictions)} lines and {reference} {len(references)}; they are not "
            "of the same sentences."
        )
    if not references:
        raise UserError(f"{reference} is empty, so there is nothing to score.")
    ids = [f"line{number}" for number in range(1, len(references) + 1)]
    return PredictionSet(ids, ids, references, predictions)


def _lines(path: Path) -> list[str]:
    try:
        text = require_file(path, "The file").read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 ({error.reason}); save it as UTF-8.") from error
    return text.removesuffix("\n").split("\n") if text else []
