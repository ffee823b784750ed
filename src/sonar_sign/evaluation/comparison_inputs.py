"""What `compare` reads: metrics files, prediction files, captions and manifests."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import MetricOptions
from sonar_sign.core.tables import read_columns
from sonar_sign.evaluation.comparable import SHARED, on_same_clips, require_comparable
from sonar_sign.evaluation.external_predictions import read_predictions
from sonar_sign.evaluation.seeds import SystemRuns, group_runs, split_seed
from sonar_sign.evaluation.system_scores import SystemScores, read_system_scores, score
from sonar_sign.metrics.registry import FURTHER, provenance_keys
from sonar_sign.translation.predictions import RunInfo

# What a comparison keeps of each system's metrics file, beside SHARED and the metrics.
ABOUT = (
    "system",
    "language",
    *provenance_keys("none"),
    FURTHER,
    *(key for key in provenance_keys("language") if key != FURTHER),
    "references_sha256",
    "n_empty",
    "n_empty_references",
    "seed",
    "checkpoint_sha256",
    "device",
    "timings_ms",
    "cost",
    "versions",
)


def read_systems(
    files: Sequence[Path], reference: Path | None, language: str, options: MetricOptions
) -> dict[str, SystemRuns]:
    """Systems by name, all on the same clips in the same order.

    Args:
        files: metrics files or prediction files (see `compare`).
        reference: captions of prediction files.
        language: of prediction files; systems in another one have it in their name.
        options: of the metrics of prediction files.

    Raises:
        UserError: see `compare`.
    """
    if not files:
        raise UserError("No files to compare; name at least one metrics or prediction file.")
    runs = [
        _read_metrics(path)
        if path.suffix == ".json"
        else _score_predictions(path, reference, language, options)
        for path in map(Path, files)
    ]
    group_runs(runs, language)  # refuses two runs of the same system, language and seed
    stems = [Path(file).stem for file in files]
    names = stems if len(set(stems)) == len(stems) else [*map(str, files)]
    ordered = [*on_same_clips(dict(zip(names, runs, strict=True))).values()]
    require_comparable(ordered)
    return group_runs(ordered, language)


def _read_metrics(path: Path) -> SystemScores:
    scores = read_system_scores(path)
    missing = [key for key in (*SHARED, *ABOUT) if key not in scores.record]
    if missing:
        raise UserError(f"{path} lacks {', '.join(missing)}; evaluate again to write it anew.")
    return scores


def _score_predictions(
    path: Path, reference: Path | None, language: str, options: MetricOptions
) -> SystemScores:
    if reference is None:
        raise UserError(f"{path} is a prediction file: give the captions with --reference FILE.")
    clips = read_predictions(path, reference)
    system, seed = split_seed(path.stem)
    info = RunInfo(system, language, len(clips.clip_ids), seed=seed)
    return replace(score(clips, info, options), file=path)


def read_captions(paths: Sequence[Path]) -> list[str] | None:
    """The captions of training (column `text`), in the order of the tables; None of no tables.

    Raises:
        UserError: a table is malformed, or there are no captions.
    """
    if not paths:
        return None
    captions = [text for path in paths for text in read_columns(path, ("text",))["text"] if text]
    if not captions:
        raise UserError(f"{paths[0]} holds no training captions.")
    return captions


def read_by_clip(manifest: Path | None) -> dict[str, dict[str, str]]:
    """The rows of a manifest by clip id, as columns; empty without a manifest."""
    if manifest is None:
        return {}
    table = read_columns(manifest, ("clip_id",))
    rows = zip(*table.values(), strict=True)
    return {
        row["clip_id"]: row for row in (dict(zip(table, values, strict=True)) for values in rows)
    }
