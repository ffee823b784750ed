"""What happens around training: the best checkpoints, the state to resume from, signals, curves."""

import math
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.fabric.plugins.io import TorchCheckpointIO
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.strategies import FSDPStrategy
from torch.distributed.fsdp import FullyShardedDataParallel

from sonar_sign.core.devices import peak_memory_gb
from sonar_sign.core.errors import PreemptedError, UserError
from sonar_sign.core.files import atomic_write
from sonar_sign.training.batches import ResumableLoader
from sonar_sign.training.data import Batch
from sonar_sign.training.module import TrainingModule

Save = Callable[[Path, dict[str, Any]], None]
"""Writes checkpoints with the given metadata into a folder."""


@dataclass(frozen=True)
class Kept:
    """A checkpoint among the best."""

    score: float
    step: int


class KeepBest(Callback):
    """Writes the model, in its public layout, whenever it is among the best in a metric."""

    def __init__(self, folder: Path, metric: str, keep: int, save: Save, metadata: dict[str, Any]):
        self.folder, self.metric, self.n_kept = folder, metric, keep
        self.save, self.metadata = save, metadata
        self.kept: list[Kept] = []

    def on_validation_end(self, trainer: pl.Trainer, module: TrainingModule) -> None:
        score = float(trainer.callback_metrics[f"val/{self.metric}"])
        if not math.isfinite(score):
            raise UserError(
                f"Training gave {self.metric} {score} after {trainer.global_step} steps; lower the "
                "learning rate, or use mixed_precision no or bf16."
            )
        now = Kept(score, trainer.global_step)
        # Of equals the earlier is better.
        kept = sorted([*self.kept, now], key=lambda one: (-one.score, one.step))[: self.n_kept]
        if now in kept:
            with _whole_parameters(trainer):
                if trainer.is_global_zero:
                    self._write(trainer, now)
                    self._delete_all_but(kept)
        self.kept = kept

    def _delete_all_but(self, kept: list[Kept]) -> None:
        paths = [self.path_of(one) for one in kept]
        for folder in self.folder.iterdir():
            if folder not in paths:
                shutil.rmtree(folder)

    def path_of(self, kept: Kept) -> Path:
        return self.folder / f"step{kept.step:08d}"

    def _write(self, trainer: pl.Trainer, now: Kept) -> None:
        scores = {
            name.removeprefix("val/"): float(value)
            for name, value in trainer.callback_metrics.items()
            if name.startswith("val/")
        }
        draft = self.folder / ".draft"
        for old in (draft, self.path_of(now)):
            shutil.rmtree(old, ignore_errors=True)
        draft.mkdir(parents=True)
        reached = {"epoch": trainer.current_epoch, "step": now.step, "scores": scores}
        self.save(draft, {**self.metadata, **reached})
        draft.rename(self.path_of(now))

    def state_dict(self) -> dict[str, Any]:
        return {"kept": [(one.score, one.step) for one in self.kept]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.kept = [Kept(*one) for one in state["kept"]]


def _whole_parameters(trainer: pl.Trainer) -> AbstractContextManager:
    """Gathers, in the first process, parameters that FSDP has spread over devices."""
    if not isinstance(trainer.strategy, FSDPStrategy):
        return nullcontext()
    return FullyShardedDataParallel.summon_full_params(
        trainer.strategy.model, writeback=False, rank0_only=True, offload_to_cpu=True
    )


class ValidateLastEpoch(Callback):
    """Validates after the last epoch whatever `eval_every` is: often it is the best."""

    def on_train_epoch_start(self, trainer: pl.Trainer, module: TrainingModule) -> None:
        if trainer.current_epoch + 1 == trainer.max_epochs:
            trainer.check_val_every_n_epoch = 1


class SaveResumeState(Callback):
    """Saves everything that an interrupted run needs to resume as if nothing had happened.

    It saves after every epoch, every `save_every` steps, and on SIGTERM and SIGUSR1, which batch
    systems send before they end a job; then training ends too.

    Within an epoch the state has its name only when the next step begins: Lightning writes a
    step's curves after its end, and no step of theirs may be missing after SIGKILL.
    """

    def __init__(self, path: Path, save_every: int, loader: ResumableLoader):
        self.path, self.save_every, self.loader = path, save_every, loader
        self.pending = path.with_name(f".{path.stem}.pending{path.suffix}")
        self.saved = False
        self.signalled: int | None = None
        self.ends, self.stopped = False, False
        self.place: dict[str, int] | None = None

    def on_train_start(self, trainer: pl.Trainer, module: TrainingModule) -> None:
        # Lightning's own handlers end training without a save; it restores the earlier ones.
        for number in (signal.SIGTERM, signal.SIGUSR1):
            signal.signal(number, self._remember)
        if self.place is not None:
            # Lightning would, but it has set up the loader before it knows of a checkpoint.
            self.loader.load_state_dict(self.place)
        if self.stopped:
            trainer.should_stop = True  # interrupted between its last epoch and its end

    def _remember(self, number: int, _: object) -> None:
        self.signalled = number

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: TrainingModule, outputs: Any, batch: Batch, index: int
    ) -> None:
        is_last = index + 1 == trainer.num_training_batches
        if (index + 1) % trainer.accumulate_grad_batches or is_last:
            return  # within a step, or where the epoch's end saves
        self.ends = self._any_process_signalled(trainer)
        self.saved = self.ends or bool(
            self.save_every and trainer.global_step % self.save_every == 0
        )
        if self.saved:
            trainer.save_checkpoint(self.pending)

    def on_train_batch_start(
        self, trainer: pl.Trainer, module: TrainingModule, batch: Batch, index: int
    ) -> None:
        if self.saved and trainer.is_global_zero:
            self.pending.replace(self.path)
        self.saved = False
        if self.ends:
            self._end(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, module: TrainingModule) -> None:
        self.stopped = trainer.should_stop
        trainer.save_checkpoint(self.path)
        if self._any_process_signalled(trainer):
            self._end(trainer)

    def _any_process_signalled(self, trainer: pl.Trainer) -> bool:
        return trainer.strategy.reduce_boolean_decision(self.signalled is not None, all=False)

    def _end(self, trainer: pl.Trainer) -> None:
        name = signal.Signals(self.signalled).name if self.signalled else "A signal to another"
        raise PreemptedError(
            f"{name} ended training after step {trainer.global_step}; everything is saved, the "
            "same command resumes from there."
        )

    def state_dict(self) -> dict[str, Any]:
        return {"stopped": self.stopped, "place": self.loader.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.stopped, self.place = state["stopped"], state["place"]


class Throughput(Callback):
    """Logs clips per second, memory, and the steps that fp16's loss scaler skipped."""

    def __init__(self) -> None:
        self.since = 0.0
        self.n_clips, self.n_skipped, self.scale = 0, 0, 0.0

    def on_train_epoch_start(self, trainer: pl.Trainer, module: TrainingModule) -> None:
        self.since, self.n_clips = time.perf_counter(), 0

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: TrainingModule, outputs: Any, batch: Batch, index: int
    ) -> None:
        self.n_clips += len(batch.clip_ids) if batch.weight else 0
        if (index + 1) % trainer.accumulate_grad_batches:
            return
        now = time.perf_counter()
        rate = trainer.world_size * self.n_clips / (now - self.since)
        self.since, self.n_clips = now, 0
        row = {"train/clips_per_second": rate, "train/memory_gb": peak_memory_gb(module.device)}
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        if scaler is not None:
            scale = scaler.get_scale()
            self.n_skipped += scale < self.scale
            self.scale = scale
            row["train/skipped_steps"] = float(self.n_skipped)
        module.log_dict(row, batch_size=1)

    def state_dict(self) -> dict[str, Any]:
        return {"n_skipped": self.n_skipped}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.n_skipped = state["n_skipped"]


class AtomicCheckpoints(TorchCheckpointIO):
    """Lightning's checkpoints, written atomically, without a copy of them in memory."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        with atomic_write(Path(path)) as temporary, temporary.open("wb") as file:
            torch.save(checkpoint, file)
