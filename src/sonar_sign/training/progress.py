"""How far a training is: lines in its log, and `progress.json` for `sonar-sign status`."""

import os
import socket
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback

from sonar_sign.core.devices import PRECISION_OF
from sonar_sign.core.files import write_json
from sonar_sign.core.options import TrainOptions
from sonar_sign.core.wording import duration
from sonar_sign.training.callbacks import KeepBest
from sonar_sign.training.data import Batch
from sonar_sign.training.module import TrainingModule

WRITE_EVERY_S = 1.0
PRINT_EVERY_S = 50.0


class ReportProgress(Callback):
    """Writes `progress.json` about once per second, and a training's log.

    The log has a line where the training starts or resumes, one per epoch, and within an epoch one
    at the first step that ends after `PRINT_EVERY_S`. The time left assumes that the remaining
    steps take as long as those of this run so far, with validations and saves; training may end
    earlier.

    Args:
        path: the `progress.json`.
        name, kind: the training's.
        best: the checkpoints that are kept, the best first.
    """

    def __init__(self, path: Path, name: str, kind: str, best: KeepBest):
        self.path, self.training, self.kind, self.best = path, name, kind, best
        self.scores: dict[str, float] = {}
        self.first_step, self.started = 0, 0.0
        self.written, self.printed = 0.0, 0.0
        self.is_validated = False
        self.loss, self.n_clips = 0.0, 0

    def on_train_start(self, trainer: pl.Trainer, module: TrainingModule) -> None:
        self.first_step, self.started = trainer.global_step, time.monotonic()
        if self.first_step:
            epoch = min(trainer.current_epoch + 1, trainer.max_epochs)
            self._print(
                trainer,
                f"Resuming after step {self.first_step} of {self._n_steps(trainer)}, in epoch "
                f"{epoch} of {trainer.max_epochs}.",
            )
        self.printed = self.started
        self._write(trainer)

    def on_train_epoch_start(self, trainer: pl.Trainer, module: TrainingModule) -> None:
        self.is_validated, self.loss, self.n_clips = False, 0.0, 0

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: TrainingModule, outputs: Any, batch: Batch, index: int
    ) -> None:
        # Added up where it was computed: to read it now, Python would have to wait for a GPU.
        self.loss = self.loss + outputs["loss"].detach() * len(batch.clip_ids)
        self.n_clips += len(batch.clip_ids) if batch.weight else 0
        now = time.monotonic()
        if now - self.written >= WRITE_EVERY_S:
            self._write(trainer)
        if now - self.printed >= PRINT_EVERY_S:
            loss = float(trainer.callback_metrics["train/loss"])
            step = f"step {trainer.global_step} of {self._n_steps(trainer)}"
            speed = ""
            if (seconds := self._seconds_per_step(trainer)) is not None:
                speed = f", {seconds:.2f} s per step"
            text = f"{step}, loss {loss:.4f}{speed}{self._time_left(trainer)}"
            self._print(trainer, f"{self._epoch(trainer)}: {text}")

    def on_validation_end(self, trainer: pl.Trainer, module: TrainingModule) -> None:
        self.scores = {
            name.removeprefix("val/"): float(value)
            for name, value in trainer.callback_metrics.items()
            if name.startswith("val/")
        }
        self.is_validated = True
        self._write(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, module: TrainingModule) -> None:
        parts = [f"train loss {float(self.loss) / self.n_clips:.4g}"] if self.n_clips else []
        if self.is_validated:
            shown = ", ".join(f"{name} {value:.4g}" for name, value in self.scores.items())
            best = self.best.kept[0]
            parts.append(f"validation {shown}")
            parts.append(f"best {self.best.metric} {best.score:.4g} (step {best.step})")
        if (seconds := self._seconds_per_step(trainer)) is not None:
            steps_per_epoch = self._n_steps(trainer) / trainer.max_epochs
            parts.append(f"{_seconds(seconds * steps_per_epoch)} per epoch")
        text = "; ".join(parts) + self._time_left(trainer)
        self._print(trainer, f"{self._epoch(trainer)}: {text}")

    def state_dict(self) -> dict[str, Any]:
        return {"scores": self.scores}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.scores = state["scores"]

    def _write(self, trainer: pl.Trainer) -> None:
        if not trainer.is_global_zero:
            return
        self.written = time.monotonic()
        seconds, left = self._seconds_per_step(trainer), self._seconds_left(trainer)
        row = {
            "training": self.training,
            "kind": self.kind,
            "epoch": min(trainer.current_epoch + 1, trainer.max_epochs),
            "epochs": trainer.max_epochs,
            "step": trainer.global_step,
            "steps": self._n_steps(trainer),
            "s_per_step": None if seconds is None else round(seconds, 3),
            "eta_s": None if left is None else round(left),
            "scores": self.scores,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        write_json(self.path, row)

    def _print(self, trainer: pl.Trainer, line: str) -> None:
        if not trainer.is_global_zero:
            return
        self.printed = time.monotonic()
        bar = trainer.progress_bar_callback
        if bar is not None:
            bar.print(line)  # above the bar
        else:
            print(line, flush=True)

    @staticmethod
    def _epoch(trainer: pl.Trainer) -> str:
        return f"epoch {trainer.current_epoch + 1} of {trainer.max_epochs}"

    @staticmethod
    def _n_steps(trainer: pl.Trainer) -> int:
        return int(trainer.estimated_stepping_batches)

    def _seconds_per_step(self, trainer: pl.Trainer) -> float | None:
        n_done = trainer.global_step - self.first_step
        return (time.monotonic() - self.started) / n_done if n_done else None

    def _seconds_left(self, trainer: pl.Trainer) -> float | None:
        seconds = self._seconds_per_step(trainer)
        n_left = max(0, self._n_steps(trainer) - trainer.global_step)
        return None if seconds is None else n_left * seconds

    def _time_left(self, trainer: pl.Trainer) -> str:
        left = self._seconds_left(trainer)
        return f", {duration(left)} left" if left else ""


def start_line(
    name: str, module: TrainingModule, options: TrainOptions, device: torch.device, *n_clips: int
) -> str:
    """The first line of a training's log.

    Args:
        n_clips: for training, and for validation.
    """
    n_trained = sum(p.numel() for p in module.parameters() if p.requires_grad)
    n_all = sum(p.numel() for p in module.parameters())
    batches = f"batches of {int(options.batch_size)}"
    if options.gradient_accumulation_steps > 1:
        batches += f", {options.gradient_accumulation_steps} of them per step"
    n_train, n_validation = n_clips
    return (
        f"Training {name}: {n_trained:,} of {n_all:,} parameters, on {device} in "
        f"{PRECISION_OF[options.mixed_precision]}; {options.epochs} epochs of {n_train} clips in "
        f"{batches}; {n_validation} clips for validation."
    )


def end_line(trainer: pl.Trainer, best: KeepBest, started: float) -> str:
    """The last line of a training's log.

    Args:
        started: when it did, by `time.monotonic`.
    """
    early = trainer.current_epoch < trainer.max_epochs
    why = f", as {best.metric} had not risen for a while" if early else ""
    first = best.kept[0]
    return (
        f"Ended after {trainer.current_epoch} epochs, {trainer.global_step} steps and "
        f"{_seconds(time.monotonic() - started)}{why}. Best {best.metric} {first.score:.4g}, after "
        f"{first.step} steps."
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds < 10 else duration(seconds)
