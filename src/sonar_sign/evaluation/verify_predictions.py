"""Checks a prediction file as a whole, against the captions that it is scored with."""

from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import sha256_of
from sonar_sign.translation.prediction_files import read_clips
from sonar_sign.translation.predictions import PredictionSet, RunInfo, read_run_info


def verify_predictions(
    predictions: Path, manifest: Path, references: Path | None = None
) -> PredictionSet:
    """Check a table of predictions and the run info (`.json`) beside it.

    Args:
        manifest: of exactly the same clips.
        references: captions in another language, of the same clips.

    Raises:
        UserError: a file is missing or malformed, or they are of different clips.
    """
    info_path = Path(predictions).with_suffix(".json")
    info = read_run_info(info_path)
    clips = read_clips(predictions, manifest, references)
    require_same_run(info, info_path, clips, predictions)
    return clips


def require_same_run(info: RunInfo, info_path: Path, clips: PredictionSet, table: Path) -> None:
    """Check that a run info is of the table of predictions beside it.

    Raises:
        UserError: it counts other clips, or the table was changed after it was written.
    """
    if info.n_clips != len(clips.clip_ids):
        raise UserError(
            f"{info_path} counts {info.n_clips} clips and {table} has {len(clips.clip_ids)}; they "
            "are of different runs, so predict again."
        )
    if info.table_sha256 not in (None, sha256_of(table)):
        raise UserError(
            f"{table} was changed after it was predicted, by its hash in {info_path.name}; predict "
            "again, or give a changed table a run info of its own."
        )
