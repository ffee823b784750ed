"""How far a training is: lines in its log, and `progress.json` for `sonar-sign status`."""

import os
import socket
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Callback

from sonar_sign.core.files import write_json
from sonar_sign.core.wording import duration
from sonar_sign.training.data import Batch
from sonar_sign.training.module import TrainingModule

WRITE_EVERY_S = 1.0
PRINT_EVERY_S = 50.0


class ReportProgress(Callback):
    """Writes `progress.json` about once per second, and prints a line at least once per minute.

    A line comes at the first step that ends after `PRINT_EVERY_S`, and after each validation. The
    time left assumes that the remaining steps take as long as those of this run so far, with
    validations and saves; training may end earlier.

    Args:
        path: the `progress.json`.
        training, kind: the training's name and kind.
    """

    def __init__(self, path: Path, training: str, kind: str):
        self.path, self.training, self.kind = path, training, kind
        self.scores: dict[str, float] = {}
        self.first_step, self.started = 0, 0.0
        self.written, self.printed = 0.0, 0.0

    def on_train_start(self, trainer: pl.Trainer, module: TrainingModule) -> None:
        self.first_step, self.started = trainer.global_step, time.monotonic()
        self.printed = self.started
        self._write(trainer)

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: TrainingModule, outputs: Any, batch: Batch, index: int
    ) -> None:
        now = time.monotonic()
        if now - self.written >= WRITE_EVERY_S:
            self._write(trainer)
        if now - self.printed >= PRINT_EVERY_S:
            loss = float(trainer.callback_metrics["train/loss"])
            self._print(trainer, f"loss {loss:.4f}, {self._speed(trainer)}")

    def on_validation_end(self, trainer: pl.Trainer, module: TrainingModule) -> None:
        self.scores = {
            name.removeprefix("val/"): float(value)
            for name, value in trainer.callback_metrics.items()
            if name.startswith("val/")
        }
        self._write(trainer)
        shown = ", ".join(f"{name} {value:.4g}" for name, value in self.scores.items())
        self._print(trainer, f"validation {shown}")

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
            "steps": int(trainer.estimated_stepping_batches),
            "s_per_step": None if seconds is None else round(seconds, 3),
            "eta_s": None if left is None else round(left),
            "scores": self.scores,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        write_json(self.path, row)

    def _print(self, trainer: pl.Trainer, text: str) -> None:
        if not trainer.is_global_zero:
            return
        self.printed = time.monotonic()
        steps = int(trainer.estimated_stepping_batches)
        where = f"epoch {trainer.current_epoch + 1} of {trainer.max_epochs}"
        line = f"{where}, step {trainer.global_step} of {steps}: {text}"
        bar = trainer.progress_bar_callback
        if bar is not None:
            bar.print(line)  # above the bar
        else:
            print(line, flush=True)

    def _speed(self, trainer: pl.Trainer) -> str:
        seconds, left = self._seconds_per_step(trainer), self._seconds_left(trainer)
        if seconds is None or left is None:
            return "in its first step"
        return f"{seconds:.2f} s per step, {duration(left)} left"

    def _seconds_per_step(self, trainer: pl.Trainer) -> float | None:
        n_done = trainer.global_step - self.first_step
        return (time.monotonic() - self.started) / n_done if n_done else None

    def _seconds_left(self, trainer: pl.Trainer) -> float | None:
        seconds = self._seconds_per_step(trainer)
        n_left = max(0, int(trainer.estimated_stepping_batches) - trainer.global_step)
        return None if seconds is None else n_left * seconds
