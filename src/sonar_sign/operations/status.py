"""`status`: how far the trainings of a results folder are, and whether they are still running."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonar_sign.core.wording import duration
from sonar_sign.training.lock import dead_holder

PROGRESS = "progress.json"


@dataclass(frozen=True)
class TrainingStatus:
    """What a training that has begun and not finished says of itself."""

    corpus: str
    training: str
    progress: Mapping[str, Any]
    """`progress.json` as the trainer wrote it."""
    running: bool
    """False where its process has ended; True also where that cannot be told from this machine."""
    log: Path | None
    """The newest log of this training; None where the workflow has written none."""

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return {
            "corpus": self.corpus,
            "running": self.running,
            "log": None if self.log is None else str(self.log),
            **self.progress,
        }


def read_status(results: Path) -> list[TrainingStatus]:
    """The trainings below `results` that have begun and not finished, in alphabetical order."""
    found = []
    for path in sorted(Path(results).glob(f"*/training/*/{PROGRESS}")):
        progress = _read(path)
        if progress is not None:
            corpus, training = path.parents[2], path.parent.name
            found.append(
                TrainingStatus(
                    corpus.name, training, progress, _runs(path.parent), _log_of(corpus, training)
                )
            )
    return found


def _read(path: Path) -> dict[str, Any] | None:
    """None where the training has finished since the folder was listed."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _runs(folder: Path) -> bool:
    lock = folder / "lock.json"  # an error or a signal removes it, a killed process leaves it
    return lock.is_file() and dead_holder(lock) is None


def _log_of(corpus: Path, training: str) -> Path | None:
    logs = [*corpus.glob(f"logs/*/{training}.log"), *corpus.glob(f"logs/{training}.log")]
    return max(logs, key=lambda path: path.stat().st_mtime, default=None)


def as_text(trainings: Sequence[TrainingStatus]) -> str:
    """The trainings for people, three or four lines each."""
    if not trainings:
        return "No training is running, and none was interrupted."
    return "\n".join(line for training in trainings for line in _lines(training))


def _lines(status: TrainingStatus) -> list[str]:
    progress = status.progress
    process = f"process {progress.get('pid')} on {progress.get('host')}"
    state = f"running, {process}" if status.running else f"NOT RUNNING: {process} has ended"
    lines = [f"{status.corpus}, {status.training} ({progress.get('kind')}): {state}"]
    at = (
        f"  epoch {progress.get('epoch')} of {progress.get('epochs')}, "
        f"step {progress.get('step')} of {progress.get('steps')}"
    )
    if (per_step := progress.get("s_per_step")) is not None:
        at += f", {per_step:.2f} s per step"
    if status.running and (left := progress.get("eta_s")) is not None:
        at += f", {duration(left)} left"
    lines.append(at)
    if scores := progress.get("scores"):
        named = ", ".join(f"{name} {value:.4g}" for name, value in scores.items())
        lines.append(f"  last validation: {named}")
    if status.log is not None:
        lines.append(f"  log: {status.log}")
    if not status.running:
        lines.append("  Run the workflow again: the training resumes from its last saved step.")
    return lines
