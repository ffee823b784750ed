"""A system's scores with everything they were made of, clip by clip."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sonar_sign.errors import UserError
from sonar_sign.evaluate import Clips, RunInfo, metrics_of, read_record
from sonar_sign.files import require_file, whole_or_absent
from sonar_sign.metrics import Measured, scorer_of

_TEXTS = ("clip_ids", "sources", "references", "predictions")
_OF_METRIC = "metric."


@dataclass(frozen=True)
class Scored:
    """One system on one list of clips."""

    record: dict[str, Any]
    """What `metrics/{system}.json` holds."""
    clips: Clips
    measured: Mapping[str, Measured]
    file: Path | None = None
    """Where the record was read from."""

    def subset(self, rows: np.ndarray) -> dict[str, float]:
        """Every metric on some of the clips, by name."""
        return {
            name: one.score(one.statistics[rows].sum(axis=0)) for name, one in self.measured.items()
        }


def score(clips: Clips, info: RunInfo, nltk_data: Path | None = None) -> Scored:
    """Score predictions with every metric."""
    record, measured = metrics_of(clips, info, nltk_data)
    return Scored(record, clips, measured)


def write_statistics(path: Path, scored: Scored) -> None:
    """Write texts and statistics, `.npz`; the same ones give the same bytes."""
    arrays = {name: np.array(getattr(scored.clips, name), dtype=np.str_) for name in _TEXTS}
    arrays |= {_OF_METRIC + name: one.statistics for name, one in scored.measured.items()}
    with whole_or_absent(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def read_scored(metrics: Path) -> Scored:
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
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise UserError(f"{path} cannot be read ({error}); evaluate again.") from error
    measured = {name: Measured(rows, scorer_of(name)) for name, rows in statistics.items()}
    return Scored(record, Clips(**texts), measured, Path(metrics))


def require_same_clips(systems: Mapping[str, Scored]) -> None:
    """Check that all systems were scored on the same clips.

    Raises:
        UserError: naming two systems and up to five clips that only one of them has.
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


def _some(clip_ids: set[str], name: str) -> str:
    if not clip_ids:
        return ""
    shown: Sequence[str] = sorted(clip_ids)[:5]
    more = f" and {len(clip_ids) - 5} more" if len(clip_ids) > 5 else ""
    return f"only {name} has {', '.join(shown)}{more}"
