"""Running a stage: Lightning's Trainer, the best checkpoint kept, resumed where it was cut."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader

from sonar_sign.errors import UserError
from sonar_sign.files import whole_or_absent
from sonar_sign.finetune.module import EmbeddingModule
from sonar_sign.options import TrainOptions

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


def fit(
    module: EmbeddingModule,
    train: DataLoader,
    validation: DataLoader,
    options: TrainOptions,
    device: torch.device,
    training_dir: Path,
    output: Path,
    save: Save,
) -> None:
    """Train, and write the best checkpoint to `output` and the curves beside it.

    Args:
        training_dir: holds `last.ckpt`, from which a cut run goes on, and the best so far. It
            is not an output of the rule, because Snakemake deletes outputs before a job. It is
            emptied when the stage is done.
        save: writes the trained part of `module.embed`.

    Raises:
        UserError: the options ask for something that does not exist.
    """
    if options.precision not in LIGHTNING_PRECISION:
        raise UserError(f"precision: {options.precision!r} is not fp32, bf16 or fp16.")
    training_dir.mkdir(parents=True, exist_ok=True)
    best = training_dir / "best.pt"
    metric = f"val/{options.select}"
    trainer = pl.Trainer(
        accelerator="gpu" if device.type == "cuda" else "cpu",
        devices=[device.index or 0] if device.type == "cuda" else 1,
        precision=LIGHTNING_PRECISION[options.precision],
        max_epochs=options.epochs,
        gradient_clip_val=options.gradient_clip,
        check_val_every_n_epoch=min(options.eval_every, options.epochs),
        num_sanity_val_steps=0,
        log_every_n_steps=1,
        use_distributed_sampler=False,
        logger=CSVLogger(training_dir, name="", version="curves"),
        enable_model_summary=False,
        # A bar in a log file is a line for every step.
        enable_progress_bar=sys.stderr.isatty(),
        callbacks=[
            KeepBest(best, options.select, save),
            ModelCheckpoint(training_dir, save_last=True, save_top_k=0),
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
    with whole_or_absent(output.with_name("curves.csv")) as temporary:
        shutil.copyfile(training_dir / "curves" / "metrics.csv", temporary)
    with whole_or_absent(output) as temporary:
        shutil.copyfile(best, temporary)
    shutil.rmtree(training_dir)
