"""`evaluate`: compute the metrics of one system's predictions, and record how."""

from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.notes import tell
from sonar_sign.core.options import MetricOptions
from sonar_sign.core.table_options import TableOptions
from sonar_sign.core.tables import read_columns
from sonar_sign.evaluation.further_references import with_further_references
from sonar_sign.evaluation.system_scores import score, write_system_scores
from sonar_sign.evaluation.verify_predictions import require_same_run
from sonar_sign.translation.prediction_files import read_clips
from sonar_sign.translation.predictions import read_run_info


def evaluate(
    predictions: Path,
    manifest: Path,
    run_info: Path,
    output: Path,
    *,
    references: Path | None = None,
    caption_language: str = "eng_Latn",
    options: MetricOptions = MetricOptions(),  # noqa: B008 (frozen)
    tables: TableOptions = TableOptions(),  # noqa: B008 (frozen)
) -> dict[str, Any]:
    """Score a prediction file and write `metrics/{system}.json`, which is also returned.

    The statistics of every clip go beside it, `.npz`; `compare` resamples them.

    Args:
        predictions: table with `clip_id`, `prediction`. An empty prediction is scored as it is
            and counted in `n_empty`.
        manifest: table with `clip_id`, `source`, `text`, of exactly the same clips.
        run_info: JSON that `predict` wrote beside the predictions (see `RunInfo`).
        output: the metrics file; `workflow/schemas/metrics.schema.yaml` describes it.
        references: table with `clip_id`, `text`, of exactly the same clips, that replaces the
            manifest's captions; needed where the predictions are in another language.
        caption_language: FLORES code of the manifest's captions.
        options: `further_references` are used where the predictions are in the captions' language.
        tables: how the tables are read; what is noticed goes to standard error.

    Raises:
        UserError: a file is missing or malformed, clips differ or there are none, the run info
            counts other clips than the predictions, or the captions are in another language
            than the predictions.
    """
    info = read_run_info(run_info)
    if info.language != caption_language and references is None:
        raise UserError(
            f"{predictions} is in {info.language} and the captions of {manifest} are in "
            f"{caption_language}; give references in {info.language} (columns clip_id, text)."
        )
    if references is None and manifest.is_file():
        _require_language(manifest, caption_language)
    clips = read_clips(predictions, manifest, references, tables)
    if options.further_references is not None and info.language == caption_language:
        clips = with_further_references(clips, [options.further_references], tables)
    tell(clips.notes)
    require_same_run(info, run_info, clips, predictions)
    scores = score(clips, info, options)
    return write_system_scores(output, scores)


def _require_language(manifest: Path, language: str) -> None:
    """Refuse a manifest that has captions in another language than the predictions."""
    with manifest.open("rb") as file:
        if b"language" not in file.readline(10_000).rstrip().split(b"\t"):
            return
    own = set(read_columns(manifest, ("clip_id", "language"))["language"])
    if others := sorted(own - {"", language}):
        raise UserError(
            f"{manifest} has captions in {', '.join(others)}, and the predictions are in "
            f"{language}; evaluate on a split whose captions are all in {language}."
        )
