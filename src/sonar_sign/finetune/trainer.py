"""Running a stage: Lightning's Trainer, the best checkpoint kept, resumed where it was cut."""

import csv
import json
import math
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader

from sonar_sign.errors import UserError
from sonar_sign.files import whole_or_absent, write_json
from sonar_sign.finetune.module import EmbeddingModule
from sonar_sign.options import TrainOptions
from sonar_sign.runtime import autocast

LIGHTNING_PRECISION = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}
# What `save` is given: where to write, and what the checkpoint should say of itself.
Save = Callable[[Path, dict[str, Any]], None]


class KeepBest(Callback):
    """Writes the model, in its public layout, whenever the chosen metric has risen."""

    def __init__(self, path: Path, metric: str, save: Save):
        self.path, self.metric, self.save = path, metric, save
        self.best: float | None = None

    def on_validation_end(self, trainer: pl.Trainer, module: EmbeddingModule) -> None:
        if trainer.sanity_checking:
            return
        score = float(trainer.callback_metrics[f"val/{self.metric}"])
        if not math.isfinite(score):
            raise UserError(
                f"Training gave {self.metric} {score} after {trainer.global_step} steps; lower the "
                "learning rate, or use precision fp32 or bf16."
            )
        if self.best is None or score > self.best:
            self.best = score
            scores = {
                name.removeprefix("val/"): float(value)
                for name, value in trainer.callback_metrics.items()
                if name.startswith("val/")
            }
            self.save(
                self.path,
                {"epoch": trainer.current_epoch, "step": trainer.global_step, "scores": scores},
            )

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best = state["best"]


class ValidateLastEpoch(Callback):
    """Has the last epoch validated whatever `eval_every`: often it is the best."""

    def on_train_epoch_start(self, trainer: pl.Trainer, module: EmbeddingModule) -> None:
        if trainer.current_epoch + 1 == trainer.max_epochs:
            trainer.check_val_every_n_epoch = 1


def fit(
    module: EmbeddingModule,
    train: DataLoader,
    validation: DataLoader,
    options: TrainOptions,
    device: torch.device,
    training_dir: Path,
    output: Path,
    save: Save,
    made_from: dict[str, Any],
) -> None:
    """Train, and write the best checkpoint to `output` and the curves beside it.

    Args:
        training_dir: holds `last.ckpt`, from which a cut run goes on, and the best so far. It
            is not an output of the rule, because Snakemake deletes outputs before a job. What
            training wrote there is deleted when the stage is done.
        save: writes the trained part of `module.embed`.
        made_from: settings and inputs, as JSON has them; a cut run of others is not gone on with.

    Raises:
        UserError: the options ask for something that does not exist, or training diverges.
    """
    autocast(device, options.precision)  # refuses what the device cannot do
    _start_over_if_changed(training_dir, made_from)
    best = training_dir / "best.pt"
    # A logger deletes what an earlier one wrote to its folder, so each go has a folder.
    n_goes = len(list(training_dir.glob("curves*")))
    metric = f"val/{options.select}"
    trainer = pl.Trainer(
        accelerator="gpu" if device.type == "cuda" else "cpu",
        devices=[device.index or 0] if device.type == "cuda" else 1,
        precision=LIGHTNING_PRECISION[options.precision],
        max_epochs=options.epochs,
        gradient_clip_val=options.gradient_clip,
        check_val_every_n_epoch=options.eval_every,
        num_sanity_val_steps=0,
        log_every_n_steps=1,
        use_distributed_sampler=False,
        logger=CSVLogger(training_dir, name="", version=f"curves{n_goes:04d}"),
        enable_model_summary=False,
        # A bar in a log file is a line for every step.
        enable_progress_bar=sys.stderr.isatty(),
        callbacks=[
            ValidateLastEpoch(),
            KeepBest(best, options.select, save),
            ModelCheckpoint(
                training_dir, "last", enable_version_counter=False, save_on_train_epoch_end=True
            ),
            EarlyStopping(metric, mode="max", patience=options.patience),
        ],
    )
    last = training_dir / "last.ckpt"
    trainer.fit(
        module,
        train,
        validation,
        ckpt_path=str(last) if last.exists() else None,
        weights_only=True,
    )
    curves = sorted(training_dir.glob("curves*/metrics.csv"))
    _write_curves(output.with_name("curves.csv"), curves)
    with whole_or_absent(output) as temporary:
        shutil.copyfile(best, temporary)
    _clear(training_dir)
    if not any(training_dir.iterdir()):
        training_dir.rmdir()


def describe(paths: Iterable[Path]) -> dict[str, list[int]]:
    """Size and time of change of each file, by which a changed input is known."""
    return {str(path): [path.stat().st_size, path.stat().st_mtime_ns] for path in map(Path, paths)}


def _start_over_if_changed(training_dir: Path, made_from: dict[str, Any]) -> None:
    """Clear the folder of what a run with other settings or inputs left there."""
    record = training_dir / "made_from.json"
    # JSON turns tuples into lists.
    made_from = json.loads(json.dumps(made_from))
    if record.exists() and json.loads(record.read_text(encoding="utf-8")) == made_from:
        return
    _clear(training_dir)
    write_json(record, made_from)


def _clear(training_dir: Path) -> None:
    """Delete what training wrote, and no file of anybody who named a folder of theirs."""
    for path in training_dir.glob("curves*"):
        shutil.rmtree(path)
    for pattern in ("last.ckpt", "best.pt", ".best.*.pt", "made_from.json"):
        for path in training_dir.glob(pattern):
            path.unlink()


def _write_curves(path: Path, parts: Sequence[Path]) -> None:
    """One table of a run that was cut into parts; steps that were repeated stand in it once."""
    rows: list[dict[str, str]] = []
    for part in parts:
        with part.open(newline="", encoding="utf-8") as file:
            later = list(csv.DictReader(file))
        first = min((int(row["step"]) for row in later), default=math.inf)
        rows = [row for row in rows if int(row["step"]) < first] + later
    names = sorted({name for row in rows for name in row})
    with whole_or_absent(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
