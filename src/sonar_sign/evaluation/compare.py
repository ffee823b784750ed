"""`compare`: several systems side by side, how sure the differences are, and what floors score.

Refused where systems are not comparable; no metric is computed on the clips that they share.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import atomic_write, write_json
from sonar_sign.core.options import MetricOptions
from sonar_sign.core.tables import read_columns
from sonar_sign.evaluation.breakdowns import breakdowns
from sonar_sign.evaluation.comparison_table import to_markdown
from sonar_sign.evaluation.external_predictions import read_predictions
from sonar_sign.evaluation.floors import floors
from sonar_sign.evaluation.published import published
from sonar_sign.evaluation.resampling import CONFIDENCE, SAMPLES, Resampling
from sonar_sign.evaluation.system_scores import (
    SystemScores,
    on_same_clips,
    read_system_scores,
    score,
)
from sonar_sign.metrics import METRICS, MetricStatistics
from sonar_sign.translation.predictions import PredictionSet, RunInfo

# What must be equal, and what to call it when it is not.
SHARED = {
    "n_clips": "number of clips",
    "clips_sha256": "clip list (clips_sha256)",
    "signature": "BLEU signature",
    "chrf_signature": "chrF signature",
    "chrf_pp_signature": "chrF++ signature",
    "cider_tokenizer": "CIDEr tokenisation",
}
# What must be equal among systems of one language.
SHARED_IN_LANGUAGE = {
    "references_sha256": "references (references_sha256)",
    "rouge_tokenizer": "ROUGE-L tokenisation",
    "further_metrics": "further metrics",
}
# What tells the systems apart and stands beside their metrics.
ABOUT = (
    "system",
    "language",
    "meteor_variant",
    "further_metrics",
    "rouge_tokenizer",
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


@dataclass(frozen=True)
class CompareOptions:
    """What `compare` is given besides systems."""

    reference: Path | None = None
    """Of prediction files: a table with `clip_id`, `source`, `text`, or one sentence a line."""
    manifest: Path | None = None
    """Table with `clip_id` and `signer`, `n_frames`, `fps`, for breakdowns."""
    training: Sequence[Path] = ()
    """Tables with `text`: the captions of training, in `language`."""
    language: str = "eng_Latn"
    """Of prediction files and of `training`."""
    corpus_type: str = ""
    """Decides which published results stand beside the systems, with `split`."""
    split: str = "test"
    seed: int = 0
    metrics: MetricOptions = MetricOptions()


def compare(
    files: Sequence[Path],
    folder: Path,
    options: CompareOptions = CompareOptions(),  # noqa: B008
) -> dict[str, Any]:
    """Write `comparison.json` and `comparison.md` into a folder; returns what the JSON holds.

    Args:
        files: metrics files that `evaluate` wrote (`.json`), or prediction files: tables with
            `clip_id`, `prediction`, or one sentence a line. A system is named after its file;
            the order given is the order of the rows.

    Raises:
        UserError: no file, two of one name, a malformed one, or systems that differ in clips,
            signature or tokenisation, or within one language in their references.
    """
    systems = on_same_clips(_read(files, options))
    _require_measured_alike(systems)
    training = _captions(options.training)
    comparison = _comparison(systems, options, training, Path(folder))
    text = to_markdown(comparison)
    write_json(Path(folder) / "comparison.json", comparison)
    with atomic_write(Path(folder) / "comparison.md") as temporary:
        temporary.write_text(text, encoding="utf-8")
    return comparison


def _comparison(
    systems: Mapping[str, SystemScores],
    options: CompareOptions,
    training: list[str] | None,
    folder: Path,
) -> dict[str, Any]:
    first = next(iter(systems.values()))
    resampling = Resampling(first.clips.sources, options.seed)
    peers = _of_language(systems, options.language)
    # Training captions say nothing of systems that speak another language.
    training = training if peers else None
    seen = None if training is None else _seen(next(iter(peers.values())).clips, training)
    floor_systems = _floors(peers, options, training)
    broken_down = peers or _of_language(systems, first.record["language"])
    return {
        **{key: first.record[key] for key in SHARED},
        "intervals": {
            "confidence": CONFIDENCE,
            "samples": SAMPLES,
            "seed": options.seed,
            "resampled": "source videos",
            "n_videos": resampling.n_videos,
        },
        "systems": {name: _scores(system, resampling, seen) for name, system in systems.items()},
        "floors": {name: _values(floor) for name, floor in floor_systems.items()},
        "floors_from": _source_of_floors(training),
        "seen_in_training": None if seen is None else _share(seen),
        "significance": _significance(systems, resampling),
        "breakdowns": breakdowns(broken_down, _by_clip(options.manifest), training),
        "published": published(options.corpus_type, options.split),
        "about": {name: _about(system, folder) for name, system in systems.items()},
    }


def _read(files: Sequence[Path], options: CompareOptions) -> dict[str, SystemScores]:
    if not files:
        raise UserError("No files to compare; name at least one metrics or prediction file.")
    systems: dict[str, SystemScores] = {}
    paths: dict[str, Path] = {}
    for path in map(Path, files):
        name = path.stem
        if name in systems:
            raise UserError(f"{paths[name]} and {path} would both be called {name!r}; rename one.")
        paths[name] = path
        if path.suffix == ".json":
            systems[name] = _read_metrics(path)
        else:
            systems[name] = _score_predictions(path, options)
    return systems


def _read_metrics(path: Path) -> SystemScores:
    scored = read_system_scores(path)
    missing = [key for key in (*SHARED, *ABOUT) if key not in scored.record]
    if missing:
        raise UserError(f"{path} lacks {', '.join(missing)}; evaluate again to write it anew.")
    return scored


def _score_predictions(path: Path, options: CompareOptions) -> SystemScores:
    if options.reference is None:
        raise UserError(f"{path} is a prediction file: give the captions with --reference FILE.")
    clips = read_predictions(path, options.reference)
    info = RunInfo(path.stem, options.language, len(clips.clip_ids))
    scored = score(clips, info, options.metrics)
    return SystemScores(scored.record, scored.clips, scored.measured, path)


def _require_measured_alike(systems: Mapping[str, SystemScores]) -> None:
    first_of_language: dict[str, str] = {}
    first = next(iter(systems))
    for name, system in systems.items():
        peer = first_of_language.setdefault(system.record["language"], name)
        for other, shared in ((first, SHARED), (peer, SHARED_IN_LANGUAGE)):
            for key, title in shared.items():
                theirs, ours = systems[other].record[key], system.record[key]
                if theirs != ours:
                    raise UserError(
                        f"{systems[other].file} and {system.file} cannot be compared: their "
                        f"{title} differ, {theirs} and {ours}; evaluate both on the same clips "
                        "with the same versions."
                    )


def _captions(paths: Sequence[Path]) -> list[str] | None:
    if not paths:
        return None
    captions = [text for path in paths for text in read_columns(path, ("text",))["text"] if text]
    if not captions:
        raise UserError(f"{paths[0]} holds no training captions.")
    return captions


def _by_clip(manifest: Path | None) -> dict[str, dict[str, str]]:
    if manifest is None:
        return {}
    table = read_columns(manifest, ("clip_id",))
    rows = zip(*table.values(), strict=True)
    return {
        row["clip_id"]: row for row in (dict(zip(table, values, strict=True)) for values in rows)
    }


def _scores(
    system: SystemScores, resampling: Resampling, seen: np.ndarray | None
) -> dict[str, Any]:
    rows = None if seen is None or seen.all() else np.flatnonzero(~seen)
    unseen = {} if rows is None else system.subset(rows)
    found: dict[str, Any] = {}
    for name, measured in system.measured.items():
        interval = resampling.interval(measured)
        found[name] = {"value": measured.value, "low": interval.low, "high": interval.high}
        if rows is not None:
            found[name]["unseen"] = unseen[name]
    found["inference_ms_per_clip"] = {"value": system.record["inference_ms_per_clip"]}
    return found


def _seen(clips: PredictionSet, training: list[str]) -> np.ndarray:
    """Which test captions stand in training, word for word."""
    known = set(training)
    return np.array([reference in known for reference in clips.references])


def _share(seen: np.ndarray) -> dict[str, Any]:
    return {"n": int(seen.sum()), "share": float(seen.mean())}


def _floors(
    peers: Mapping[str, SystemScores], options: CompareOptions, training: list[str] | None
) -> dict[str, SystemScores]:
    """Floors in the language of the training captions."""
    if not peers:
        return {}
    clips = next(iter(peers.values())).clips
    captions = training if training is not None else clips.references
    info = RunInfo("floor", options.language, len(clips.clip_ids))
    return {
        name: score(
            PredictionSet(clips.clip_ids, clips.sources, clips.references, predictions),
            info,
            options.metrics,
        )
        for name, predictions in floors(clips.references, captions, options.seed).items()
    }


def _source_of_floors(training: list[str] | None) -> str:
    return "training captions" if training is not None else "the references of all clips"


def _values(floor: SystemScores) -> dict[str, Any]:
    return {name: {"value": one.value} for name, one in floor.measured.items()}


def _significance(
    systems: Mapping[str, SystemScores], resampling: Resampling
) -> list[dict[str, Any]]:
    """Both tests of every metric for every two systems of one language."""
    return [
        {
            "systems": [first, second],
            "metric": metric,
            "test": test.test,
            "difference": test.difference,
            "p": test.p,
        }
        for first, second in combinations(systems, 2)
        if systems[first].record["language"] == systems[second].record["language"]
        for metric in METRICS
        for test in _tests(systems[first], systems[second], metric, resampling)
    ]


def _tests(first: SystemScores, second: SystemScores, metric: str, resampling: Resampling):
    pair: list[MetricStatistics | None] = [
        system.measured.get(metric) for system in (first, second)
    ]
    if pair[0] is None or pair[1] is None:
        return []
    return resampling.tests(pair[0], pair[1])


def _of_language(systems: Mapping[str, SystemScores], language: str) -> dict[str, SystemScores]:
    return {n: system for n, system in systems.items() if system.record["language"] == language}


def _about(system: SystemScores, folder: Path) -> dict[str, Any]:
    place = None
    if system.file is not None:
        place = os.path.relpath(system.file.resolve(), folder.resolve())
    return {**{key: system.record[key] for key in ABOUT}, "file": place}
