"""The metrics of one system's predictions, with all that they were computed from."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from sonar_sign import __version__
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import write_json
from sonar_sign.core.options import MetricOptions
from sonar_sign.evaluation.statistics_files import (
    TEXTS,
    read_statistics,
    statistics_hash,
    write_statistics,
)
from sonar_sign.metrics.base import MetricContext, MetricStatistics
from sonar_sign.metrics.registry import (
    DECIMALS,
    METRICS,
    compute_metrics,
    packages_of,
    provenance_of,
)
from sonar_sign.translation.predictions import PredictionSet, RunInfo, read_record

# Key of the hash of the statistics in a metrics file.
_STATISTICS = "statistics_xxh3_128"


@dataclass(frozen=True)
class SystemScores:
    """One run of one system (one seed, one language) on one list of clips."""

    record: dict[str, Any]
    """What `metrics/{system}.json` holds."""
    clips: PredictionSet
    metrics: Mapping[str, MetricStatistics]
    """By name, in the order of tables."""
    file: Path | None = None
    """The metrics file, or the prediction file that was scored."""

    def in_order(self, clip_ids: Sequence[str]) -> "SystemScores":
        """The same clips in another order."""
        row_of = {clip_id: row for row, clip_id in enumerate(self.clips.clip_ids)}
        rows = [row_of[clip_id] for clip_id in clip_ids]
        metrics = {
            name: replace(metric, statistics=metric.statistics[rows])
            for name, metric in self.metrics.items()
        }
        return replace(self, clips=self.clips.rows(rows), metrics=metrics)

    def subset(self, rows: np.ndarray) -> dict[str, float]:
        """By name, every metric that is known on a part of the clips, on some of them."""
        return {
            name: metric.score(metric.statistics[rows].sum(axis=0))
            for name, metric in self.metrics.items()
            if METRICS[name].resampled
        }


def score(
    clips: PredictionSet,
    info: RunInfo,
    options: MetricOptions = MetricOptions(),  # noqa: B008 (frozen)
) -> SystemScores:
    """Compute every metric that applies.

    Raises:
        UserError: an option cannot be met, or a metric's package is not installed.
    """
    context = MetricContext(
        info.language, options, clips.cosines, clips.decoder_scores, clips.further_references
    )
    metrics = compute_metrics(clips.predictions, clips.references, context)
    record = {
        "system": info.system,
        "language": info.language,
        **{name: round(metric.value, DECIMALS) for name, metric in metrics.items()},
        "n_clips": len(clips.clip_ids),
        "n_empty": _count_empty(clips.predictions),
        "n_empty_references": _count_empty(clips.references),
        **provenance_of(metrics),
        "seed": info.seed,
        "checkpoint_sha256": info.checkpoint_sha256,
        "clips_sha256": clips_sha256(clips.clip_ids),
        "references_sha256": references_sha256(
            clips.clip_ids, clips.references, *clips.further_references
        ),
        "device": info.device,
        "components": info.components,
        "decoding": info.decoding,
        "versions": _versions(packages_of([*metrics])),
    }
    return SystemScores(record, clips, metrics)


def write_system_scores(path: Path, scores: SystemScores) -> dict[str, Any]:
    """Write the metrics file and, beside it, the statistics of every clip (`.npz`).

    Returns:
        What the metrics file holds.
    """
    texts = _texts_of(scores.clips)
    statistics = {name: metric.statistics for name, metric in scores.metrics.items()}
    write_statistics(path.with_suffix(".npz"), texts, statistics)
    record = {**scores.record, _STATISTICS: statistics_hash(texts, statistics)}
    write_json(path, record)
    return record


def read_system_scores(path: Path) -> SystemScores:
    """What `evaluate` wrote: the metrics file and the statistics beside it.

    Raises:
        UserError: a file is missing, malformed or damaged, or the two do not belong together.
    """
    record = read_record(path, "A metrics file")
    beside = Path(path).with_suffix(".npz")
    texts, statistics = read_statistics(beside)
    unknown = [name for name in statistics if name not in METRICS]
    if unknown:
        raise UserError(f"{beside} has the unknown metric {unknown[0]}; evaluate again.")
    found = statistics_hash(texts, statistics)
    if record.get(_STATISTICS, found) != found:
        raise UserError(f"{path} and {beside} do not belong together; evaluate again.")
    metrics = {
        name: MetricStatistics(rows, METRICS[name].score) for name, rows in statistics.items()
    }
    first = {name: texts.pop(name) for name in TEXTS}
    clips = PredictionSet(**first, further_references=tuple(texts.values()))
    return SystemScores(record, clips, metrics, Path(path))


def _texts_of(clips: PredictionSet) -> dict[str, list[str]]:
    """What the statistics file holds of them."""
    further = {f"references.{n}": one for n, one in enumerate(clips.further_references, start=2)}
    return {name: getattr(clips, name) for name in TEXTS} | further


def verify_metrics(path: Path, clips: PredictionSet | None = None) -> SystemScores:
    """Check a metrics file as a whole: its values are those of the statistics beside it.

    Args:
        clips: what should have been scored, as `verify_predictions` returns it.

    Raises:
        UserError: as `read_system_scores`, a value is not that of the statistics, or other texts
            were scored.
    """
    scores = read_system_scores(path)
    if clips is not None and _first_texts(clips) != _first_texts(scores.clips):
        raise UserError(f"{path} scores other predictions or captions than these; evaluate again.")
    again = {
        _STATISTICS: scores.record.get(_STATISTICS, "missing"),
        "clips_sha256": clips_sha256(scores.clips.clip_ids),
        "references_sha256": references_sha256(
            scores.clips.clip_ids, scores.clips.references, *scores.clips.further_references
        ),
        "n_clips": len(scores.clips.clip_ids),
        "n_empty": _count_empty(scores.clips.predictions),
        "n_empty_references": _count_empty(scores.clips.references),
        **{name: round(metric.value, DECIMALS) for name, metric in scores.metrics.items()},
    }
    known = {name for name in METRICS if name in scores.record}
    for name in [*again, *sorted(known - again.keys())]:
        if scores.record.get(name) != again.get(name):
            raise UserError(
                f"{path} says {name} = {scores.record.get(name)!r} and the statistics beside it "
                f"{again.get(name)!r}; evaluate again."
            )
    return scores


def _first_texts(clips: PredictionSet) -> list[list[str]]:
    return [getattr(clips, name) for name in TEXTS]


def clips_sha256(clip_ids: Iterable[str]) -> str:
    """SHA-256 of the sorted clip ids, one per line: equal for equal clip lists in any order."""
    return _sha256_of_lines(sorted(clip_ids))


def references_sha256(
    clip_ids: Iterable[str], references: Iterable[str], *further: Iterable[str]
) -> str:
    """SHA-256 of the sorted lines `clip_id TAB reference`: equal for equal references.

    Further references of a clip stand in its line, after further tabs.
    """
    rows = zip(clip_ids, references, *further, strict=True)
    return _sha256_of_lines(sorted("\t".join(row) for row in rows))


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
