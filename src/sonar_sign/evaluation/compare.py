"""`compare`: several systems side by side, how sure the differences are, and what floors score.

Systems that are not comparable are refused; metrics are never computed on the clips that they
happen to share.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from sonar_sign.core.files import atomic_write, write_json
from sonar_sign.core.options import MetricOptions
from sonar_sign.core.table_options import TableOptions
from sonar_sign.evaluation.breakdowns import breakdowns
from sonar_sign.evaluation.calibration import calibration
from sonar_sign.evaluation.comparable import SHARED
from sonar_sign.evaluation.comparison_inputs import (
    read_by_clip,
    read_systems,
)
from sonar_sign.evaluation.comparison_table import to_markdown
from sonar_sign.evaluation.comparison_timings import FILE_NAME, collect_timings, with_timings
from sonar_sign.evaluation.documents import documents
from sonar_sign.evaluation.floors import FROM_REFERENCES, FROM_TRAINING, floors
from sonar_sign.evaluation.metrics_files import ABOUT
from sonar_sign.evaluation.paper import write_paper
from sonar_sign.evaluation.published import published
from sonar_sign.evaluation.resampling import CONFIDENCE, SAMPLES, Resampling
from sonar_sign.evaluation.seeds import MetricOverSeeds, SystemRuns
from sonar_sign.evaluation.settings import differing, settings_of
from sonar_sign.evaluation.system_scores import SystemScores, score
from sonar_sign.evaluation.training_captions import TrainingCaptions, read_training
from sonar_sign.metrics.registry import METRICS
from sonar_sign.translation.predictions import PredictionSet, RunInfo

# The same, of each seed of a system.
ABOUT_RUN = ("seed", "checkpoint_sha256", "n_empty")


@dataclass(frozen=True)
class CompareOptions:
    """What `compare` is given besides systems."""

    reference: Path | None = None
    """Of prediction files: a table with `clip_id`, `text` and, for honest intervals, `source`; or
    one sentence per line."""
    further_references: Sequence[Path] = ()
    """Of prediction files: like `reference`, further references of the same clips."""
    manifest: Path | None = None
    """Table with `clip_id` and `signer`, `n_frames`, `fps`, `needs_context`, for breakdowns."""
    training: Sequence[Path] = ()
    """Tables with `text`: the captions of training, in `language`."""
    language: str = "eng_Latn"
    """Of prediction files and of `training`."""
    corpus_type: str = ""
    """Decides which published results stand beside the systems, with `split`."""
    split: str = "test"
    seed: int = 0
    """Of the resampling and the floors."""
    metrics: MetricOptions = MetricOptions()
    tables: TableOptions = TableOptions()
    """How prediction files and captions are read."""
    timings: Sequence[Path] = ()
    """What `predict` measured, of runs that are compared."""


def compare(
    files: Sequence[str | Path],
    folder: Path,
    options: CompareOptions = CompareOptions(),  # noqa: B008
) -> dict[str, Any]:
    """Write `comparison.json` and the same for readers into a folder; returns what the JSON holds.

    `comparison.md` is for people, `comparison.tex`, `.csv` and `.bib` are for a paper.

    What was measured in every run is in `comparison.timings.json` and, for people, in the `.md`.

    Args:
        files: metrics files that `evaluate` wrote (`.json`), or prediction files: TSV, CSV, JSON,
            JSON lines or Parquet with `clip_id`, `prediction`, or one sentence per line. Metrics
            files of one system and language that differ in their seed become one row. A prediction
            file's system is named after it; `A.seed2.tsv` is system A, seed 2; `B=test.tsv` is
            system B. Rows stand in the order of the files.

    Raises:
        UserError: no file, two of the same system, language and seed, a malformed one, or systems
            that differ in clips, signature or tokenisation, or within one language in their
            references.
    """
    systems = read_systems(
        files,
        [*filter(None, [options.reference]), *options.further_references],
        options.language,
        options.metrics,
        options.tables,
    )
    training, notes = read_training(options.training, options.tables)
    runs = [run for system in systems.values() for run in system.runs]
    notes = [note for run in runs for note in run.clips.notes] + notes
    comparison = _comparison(systems, options, training, Path(folder))
    comparison["inputs"] = [*dict.fromkeys(notes)]
    timings = collect_timings(systems, options.timings)
    text = to_markdown(with_timings(comparison, timings))
    write_json(Path(folder) / FILE_NAME, timings)
    write_json(Path(folder) / "comparison.json", comparison)
    with atomic_write(Path(folder) / "comparison.md") as temporary:
        temporary.write_text(text, encoding="utf-8")
    write_paper(comparison, Path(folder))
    return comparison


def _comparison(
    systems: Mapping[str, SystemRuns],
    options: CompareOptions,
    training: TrainingCaptions | None,
    folder: Path,
) -> dict[str, Any]:
    first = next(iter(systems.values())).first
    resampling = Resampling(first.clips.sources, options.seed)
    peers = _of_language(systems, options.language)
    # Training captions say nothing about systems that translate into another language.
    training = training if peers else None
    seen = None if training is None else _seen(next(iter(peers.values())).first.clips, training)
    floor_systems = _floors(peers, options, training)
    broken_down = peers or _of_language(systems, first.record["language"])
    several = any(len(system.by_seed) > 1 for system in systems.values())
    about_clips = read_by_clip(options.manifest, first.clips.clip_ids, options.tables)
    return {
        **{key: first.record[key] for key in SHARED},
        "intervals": {
            "confidence": CONFIDENCE,
            "samples": SAMPLES,
            "seed": options.seed,
            "resampled": "source videos and seeds" if several else "source videos",
            "n_videos": resampling.n_videos,
            "note": resampling.note,
        },
        "systems": {name: _scores(system, resampling, seen) for name, system in systems.items()},
        "settings": _settings(systems),
        "floors": {name: _values(floor) for name, floor in floor_systems.items()},
        "floors_from": _source_of_floors(training),
        "seen_in_training": None if seen is None else _share(seen),
        "significance": _significance(systems, resampling),
        "breakdowns": breakdowns(broken_down, about_clips, training, options.seed),
        "documents": documents(broken_down, about_clips, options.seed),
        "calibration": calibration(systems, resampling),
        "published": published(options.corpus_type, options.split),
        "about": {name: _about(system, folder) for name, system in systems.items()},
    }


def _scores(system: SystemRuns, resampling: Resampling, seen: np.ndarray | None) -> dict[str, Any]:
    rows = None if seen is None or seen.all() else np.flatnonzero(~seen)
    unseen = {} if rows is None else system.subset(rows)
    found: dict[str, Any] = {}
    for name, metric in system.metrics.items():
        cell: dict[str, Any] = {"value": metric.value}
        if METRICS[name].resampled:
            cell |= _interval(name, metric, resampling)
        if metric.deviation is not None:
            by_seed = {str(seed): value for seed, value in metric.values.items()}
            cell |= {"deviation": metric.deviation, "by_seed": by_seed}
        if name in unseen:
            cell["unseen"] = unseen[name]
        found[name] = cell
    return found


def _interval(name: str, metric: MetricOverSeeds, resampling: Resampling) -> dict[str, Any]:
    """Of few seeds an interval is wide; it ends where the metric ends. Or why there is none."""
    bounds = METRICS[name].minimum, METRICS[name].maximum
    interval = resampling.interval(metric, bounds if len(metric.by_seed) > 1 else (None, None))
    if isinstance(interval, str):
        return {"no_interval": interval}
    return {"low": interval.low, "high": interval.high}


def _settings(systems: Mapping[str, SystemRuns]) -> dict[str, Any]:
    settings = {name: settings_of(system.first.record) for name, system in systems.items()}
    keys = differing(settings)
    return {
        "differing": keys,
        "systems": {
            name: {key: of_system[key] for key in keys if key in of_system}
            for name, of_system in settings.items()
        },
    }


def _seen(clips: PredictionSet, training: TrainingCaptions) -> np.ndarray:
    """Which test captions stand in training, word for word."""
    known = set(training.captions)
    return np.array([reference in known for reference in clips.references])


def _share(seen: np.ndarray) -> dict[str, Any]:
    return {"n": int(seen.sum()), "share": float(seen.mean())}


def _floors(
    peers: Mapping[str, SystemRuns], options: CompareOptions, training: TrainingCaptions | None
) -> dict[str, SystemScores]:
    """Floors in the language of the training captions."""
    if not peers:
        return {}
    clips = next(iter(peers.values())).first.clips
    captions = training.captions if training is not None else clips.references
    info = RunInfo("floor", options.language, len(clips.clip_ids))
    return {
        name: score(
            replace(clips, predictions=predictions, cosines=None, decoder_scores=None),
            info,
            options.metrics,
        )
        for name, predictions in floors(
            clips.references, captions, options.seed, options.language
        ).items()
    }


def _source_of_floors(training: TrainingCaptions | None) -> str:
    return FROM_TRAINING if training is not None else FROM_REFERENCES


def _values(floor: SystemScores) -> dict[str, Any]:
    return {name: {"value": metric.value} for name, metric in floor.metrics.items()}


def _significance(
    systems: Mapping[str, SystemRuns], resampling: Resampling
) -> list[dict[str, Any]]:
    """Both tests of every metric for every two systems of one language."""
    metrics = {name: system.metrics for name, system in systems.items()}
    return [
        {
            "systems": [first, second],
            "metric": metric,
            "test": test.test,
            "difference": test.difference,
            "p": test.p,
        }
        for first, second in combinations(systems, 2)
        if systems[first].language == systems[second].language
        for metric in METRICS
        if METRICS[metric].resampled and metric in metrics[first] and metric in metrics[second]
        for test in resampling.tests(metrics[first][metric], metrics[second][metric])
    ]


def _of_language(systems: Mapping[str, SystemRuns], language: str) -> dict[str, SystemRuns]:
    return {name: system for name, system in systems.items() if system.language == language}


def _about(system: SystemRuns, folder: Path) -> dict[str, Any]:
    """How the run with the lowest seed was made, and what each seed has of its own."""
    record = system.first.record
    return {
        **{key: record[key] for key in ABOUT},
        "file": _relative(system.first.file, folder),
        "runs": [
            {
                **{key: run.record[key] for key in ABOUT_RUN},
                "file": _relative(run.file, folder),
            }
            for run in system.runs
        ],
        "differing_among_runs": differing(
            {str(seed): settings_of(run.record) for seed, run in system.by_seed.items()}
        ),
    }


def _relative(file: Path | None, folder: Path) -> str | None:
    return None if file is None else os.path.relpath(file.resolve(), folder.resolve())
