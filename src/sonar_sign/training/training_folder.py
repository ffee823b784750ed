"""The folder of a training: what an interrupted run resumes from, and the results at its end."""

import csv
import json
import math
import os
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import atomic_write, write_json
from sonar_sign.models.archive import check_checksums, is_archive
from sonar_sign.training.callbacks import KeepBest, Save
from sonar_sign.training.mix import CorpusClips

# How long the other processes of a training wait for the first one to prepare the folder.
PATIENCE_S = 120
CURVES, TIMINGS = "curves.csv", "timings.csv"
# Weights of the last epochs, where they are averaged.
EPOCHS = "epochs"
COUNTERS = ("epoch", "step")
# Columns that differ in every run.
MEASURED = ("train/clips_per_second", "train/memory_gb")
_FILES = ("last.ckpt", "diverged.ckpt", ".last.*.ckpt", "batch_size.json", "progress.json")


@dataclass(frozen=True, eq=False)
class TrainingRun:
    """One training's files, and what its checkpoints say about it."""

    training_dir: Path
    """Holds `last.ckpt`, from which an interrupted run resumes, and the best so far. It is not an
    output of the rule, because Snakemake deletes outputs before a job. What training wrote there
    is deleted when the training has finished."""
    output: Path
    """The best checkpoint; curves, further checkpoints and TensorBoard's files go beside it."""
    device: torch.device
    save: Save
    """Writes `best.pt`, and whatever belongs to it, into a folder."""
    fingerprint: dict[str, Any]
    """Settings and inputs, as JSON has them; only a run with the same ones resumes."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """Written into every checkpoint, with the scores; plain values."""
    corpora: Sequence[CorpusClips] = ()
    """How often the training clips of each corpus are sampled; none: all alike."""

    @property
    def progress(self) -> Path:
        """How far the training is, for `sonar-sign status`."""
        return self.training_dir / "progress.json"


def describe(paths: Iterable[Path]) -> dict[str, list[int]]:
    """Size and time of change of each file, to recognise a changed input."""
    return {str(path): [path.stat().st_size, path.stat().st_mtime_ns] for path in map(Path, paths)}


def start_over_if_changed(run: TrainingRun) -> None:
    """Delete what a run with other settings or inputs left in the folder."""
    if _can_resume(run):
        return
    _clear(run)
    shutil.rmtree(run.output.parent / "tensorboard", ignore_errors=True)
    write_json(_record(run), run.fingerprint)


def _record(run: TrainingRun) -> Path:
    return run.training_dir / "fingerprint.json"


def _can_resume(run: TrainingRun) -> bool:
    # JSON turns tuples into lists.
    fingerprint = json.loads(json.dumps(run.fingerprint))
    path = _record(run)
    return path.exists() and json.loads(path.read_text(encoding="utf-8")) == fingerprint


def require_whole_state(path: Path) -> None:
    """Check the saved state of a training, where there is one: Lightning reads it as it is.

    Raises:
        UserError: it is damaged.
    """
    if not path.is_file():
        return
    try:
        is_whole = is_archive(path)
        check_checksums(path)
    except UserError:
        is_whole = False
    if not is_whole:
        raise UserError(
            f"The saved state {path} is damaged, so training cannot resume from it; delete "
            f"{path.parent} to train from the start."
        )


def wait_for_main_process(run: TrainingRun) -> None:
    """Wait until the first process has prepared the folder.

    Raises:
        UserError: it takes too long.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not _can_resume(run):
        if time.monotonic() > deadline:
            raise UserError(f"The first process did not prepare {run.training_dir} in time.")
        time.sleep(0.1)


def _clear(run: TrainingRun) -> None:
    """Delete what training wrote, and no other file: the folder may be a user's own."""
    _record(run).unlink(missing_ok=True)
    folders = [run.training_dir / name for name in ("best", EPOCHS)]
    for path in [*run.training_dir.glob("curves*"), *folders]:
        shutil.rmtree(path, ignore_errors=True)
    for pattern in _FILES:
        for path in run.training_dir.glob(pattern):
            path.unlink()


def finish(run: TrainingRun, keep_best: KeepBest) -> None:
    """Copy the results to their places; the best checkpoint last, when all others are there."""
    curves = sorted(run.training_dir.glob("curves*/metrics.csv"))
    _write_curves(run.output.with_name(CURVES), curves)
    for rank, kept in reversed(list(enumerate(keep_best.kept, 1))):
        for path in sorted(
            keep_best.path_of(kept).iterdir(), key=lambda path: path.name == "best.pt"
        ):
            name = run.output.name if path.name == "best.pt" else path.name
            target = run.output.with_name(name if rank == 1 else f"top{rank}.{name}")
            with atomic_write(target) as temporary:
                shutil.copyfile(path, temporary)
    _clear(run)
    if os.listdir(run.training_dir) == ["lock.json"]:
        shutil.rmtree(run.training_dir)


def _write_curves(path: Path, parts: Sequence[Path]) -> None:
    """One table of a run that was interrupted; steps that were repeated stand in it once.

    Speed and memory go into a table of their own beside it.
    """
    rows: list[dict[str, str]] = []
    for part in parts:
        with part.open(newline="", encoding="utf-8") as file:
            later = list(csv.DictReader(file))
        first = min((int(row["step"]) for row in later), default=math.inf)
        rows = [row for row in rows if int(row["step"]) < first] + later
    names = sorted({name for row in rows for name in row} - set(COUNTERS))
    # What is measured differs in every run; the rest is the same to the byte.
    _write_rows(path.with_name(TIMINGS), rows, [name for name in names if name in MEASURED])
    _write_rows(path, rows, [name for name in names if name not in MEASURED])


def _write_rows(path: Path, rows: Sequence[dict[str, str]], names: Sequence[str]) -> None:
    """The rows that have any of these values, with the epoch and step of each."""
    with atomic_write(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(
            file, [*COUNTERS, *names], extrasaction="ignore", lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(row for row in rows if any(row.get(name) for name in names))
