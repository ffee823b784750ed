"""A system's scores with everything they were made of, clip by clip."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from sonar_sign import __version__
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import atomic_write, require_file
from sonar_sign.core.options import MetricOptions
from sonar_sign.core.wording import first_few
from sonar_sign.metrics import DECIMALS, METRICS, VERSIONED, MetricStatistics, score_all
from sonar_sign.translation.predictions import PredictionSet, RunInfo, read_record

_TEXTS = ("clip_ids", "sources", "references", "predictions")
_OF_METRIC = "metric."


@dataclass(frozen=True)
class SystemScores:
    """One system on one list of clips."""

    record: dict[str, Any]
    """What `metrics/{system}.json` holds."""
    clips: PredictionSet
    measured: Mapping[str, MetricStatistics]
    file: Path | None = None
    """Where the record was read from."""

    def in_order(self, clip_ids: Sequence[str]) -> "SystemScores":
        """The same clips in another order."""
        place = {clip_id: row for row, clip_id in enumerate(self.clips.clip_ids)}
        rows = [place[clip_id] for clip_id in clip_ids]
        measured = {
            name: MetricStatistics(one.statistics[rows], one.score)
            for name, one in self.measured.items()
        }
        return replace(self, clips=self.clips.rows(rows), measured=measured)

    def subset(self, rows: np.ndarray) -> dict[str, float]:
        """Every metric on some of the clips, by name."""
        return {
            name: one.score(one.statistics[rows].sum(axis=0)) for name, one in self.measured.items()
        }


def score(
    clips: PredictionSet,
    info: RunInfo,
    options: MetricOptions = MetricOptions(),  # noqa: B008 (frozen)
) -> SystemScores:
    """Score predictions with every metric.

    Raises:
        UserError: an option cannot be met, or a metric's package is not installed.
    """
    scores = score_all(
        clips.predictions,
        clips.references,
        language=info.language,
        options=options,
        cosines=clips.cosines,
    )
    record = {
        "system": info.system,
        "language": info.language,
        **{name: round(measured.value, DECIMALS) for name, measured in scores.measured.items()},
        "inference_ms_per_clip": info.inference_ms_per_clip,
        "n_clips": len(clips.clip_ids),
        "n_empty": _count_empty(clips.predictions),
        "n_empty_references": _count_empty(clips.references),
        "signature": scores.signature,
        "chrf_signature": scores.chrf_signature,
        "chrf_pp_signature": scores.chrf_pp_signature,
        "rouge_tokenizer": scores.rouge_tokenizer,
        "meteor_variant": scores.meteor_variant,
        "cider_tokenizer": scores.cider_tokenizer,
        "further_metrics": scores.further,
        "seed": info.seed,
        "checkpoint_sha256": info.checkpoint_sha256,
        "clips_sha256": clips_sha256(clips.clip_ids),
        "references_sha256": references_sha256(clips.clip_ids, clips.references),
        "device": info.device,
        "timings_ms": info.timings_ms,
        "cost": info.cost,
        "versions": _versions(VERSIONED),
    }
    return SystemScores(record, clips, scores.measured)


def write_statistics(path: Path, scored: SystemScores) -> None:
    """Write texts and statistics, `.npz`; the same ones give the same bytes."""
    arrays = {name: np.array(getattr(scored.clips, name), dtype=np.str_) for name in _TEXTS}
    arrays |= {_OF_METRIC + name: one.statistics for name, one in scored.measured.items()}
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def read_system_scores(metrics: Path) -> SystemScores:
    """What `evaluate` wrote: the metrics file and the statistics beside it.

    Raises:
        UserError: a file is missing or malformed.
    """
    record = read_record(metrics, "A metrics file")
    path = require_file(Path(metrics).with_suffix(".npz"), "The statistics beside a metrics file")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            texts = {name: arrays[name].tolist() for name in _TEXTS}
            statistics = {
                name.removeprefix(_OF_METRIC): arrays[name]
                for name in arrays.files
                if name.startswith(_OF_METRIC)
            }
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise UserError(f"{path} cannot be read ({error}); evaluate again.") from error
    measured = {name: MetricStatistics(rows, METRICS[name]) for name, rows in statistics.items()}
    return SystemScores(record, PredictionSet(**texts), measured, Path(metrics))


def on_same_clips(systems: Mapping[str, SystemScores]) -> dict[str, SystemScores]:
    """The systems with their clips in the first one's order.

    Raises:
        UserError: naming two systems and up to five clips that only one of them has, or a clip of
            which they name different source videos.
    """
    names = list(systems)
    first = set(systems[names[0]].clips.clip_ids)
    for name in names[1:]:
        other = set(systems[name].clips.clip_ids)
        if first != other:
            only = [_some(first - other, names[0]), _some(other - first, name)]
            raise UserError(
                f"{names[0]} and {name} were scored on different clips: "
                f"{' and '.join(part for part in only if part)}; score both on the same clips."
            )
    clips = systems[names[0]].clips
    ordered = {name: system.in_order(clips.clip_ids) for name, system in systems.items()}
    for name, system in ordered.items():
        for clip_id, ours, theirs in zip(
            clips.clip_ids, clips.sources, system.clips.sources, strict=True
        ):
            if ours != theirs:
                raise UserError(
                    f"{names[0]} and {name} name different source videos of clip {clip_id}, {ours} "
                    f"and {theirs}; score both with the same manifest."
                )
    return ordered


def _some(clip_ids: set[str], name: str) -> str:
    if not clip_ids:
        return ""
    return f"only {name} has {first_few(sorted(clip_ids))}"


def clips_sha256(clip_ids: Iterable[str]) -> str:
    """SHA-256 of the sorted clip ids, one a line: equal for equal clip lists in any order."""
    return _sha256_of_lines(sorted(clip_ids))


def references_sha256(clip_ids: Iterable[str], references: Iterable[str]) -> str:
    """SHA-256 of the sorted lines `clip_id TAB reference`: equal for equal references."""
    pairs = zip(clip_ids, references, strict=True)
    return _sha256_of_lines(sorted(f"{clip_id}\t{text}" for clip_id, text in pairs))


def _sha256_of_lines(lines: Iterable[str]) -> str:
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode("utf-8")).hexdigest()


def _count_empty(texts: Iterable[str]) -> int:
    return sum(not text.strip() for text in texts)


def _versions(packages: Iterable[str]) -> Mapping[str, str]:
    found = {"sonar_sign": __version__}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError as error:
            raise UserError(f"The package {package} is not installed; run make setup.") from error
    return found
