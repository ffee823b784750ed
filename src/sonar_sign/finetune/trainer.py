"""Running a stage: Lightning's Trainer, the best checkpoints kept, resumed where it was cut."""

import csv
import json
import math
import os
import shutil
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger, WandbLogger
from lightning.pytorch.plugins.environments import LightningEnvironment

from sonar_sign.errors import UserError
from sonar_sign.files import whole_or_absent, write_json
from sonar_sign.finetune.batch_size import is_out_of_memory, resolve_batch_size
from sonar_sign.finetune.batches import ResumableLoader
from sonar_sign.finetune.callbacks import (
    KeepBest,
    Save,
    SaveToGoOn,
    Throughput,
    ValidateLastEpoch,
    WholeCheckpoints,
)
from sonar_sign.finetune.data import (
    FeatureClips,
    WindowClips,
    training_loader,
    validation_loader,
)
from sonar_sign.finetune.lock import training_lock
from sonar_sign.finetune.module import EmbeddingModule, NotFiniteError
from sonar_sign.finetune.parameters import print_parameters
from sonar_sign.options import TrainOptions
from sonar_sign.runtime import (
    PRECISION_OF,
    autocast,
    count_devices,
    is_main_process,
    is_one_task_of_slurm,
)

LIGHTNING_PRECISION = {"no": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}
# Another process of the same training has so long to clear the folder.
PATIENCE_S = 120


@dataclass(frozen=True)
class Run:
    """Where a training reads from and writes to."""

    training_dir: Path
    """Holds `last.ckpt`, from which a cut run goes on, and the best so far. It is not an output of
    the rule, because Snakemake deletes outputs before a job. What training wrote there is deleted
    when the stage is done."""
    output: Path
    """The best checkpoint; curves, further checkpoints and TensorBoard's files go beside it."""
    device: torch.device
    save: Save
    """Writes `best.pt`, and whatever belongs to it, into a folder."""
    made_from: dict[str, Any]
    """Settings and inputs, as JSON has them; a cut run of others is not gone on with."""


class ShareClips(Callback):
    """Tells the loaders which process they read for, once that is known."""

    def __init__(self, loaders: Sequence[ResumableLoader]):
        self.loaders = loaders

    def setup(self, trainer: pl.Trainer, module: EmbeddingModule, stage: str) -> None:
        for loader in self.loaders:
            loader.sampler.set_processes(trainer.world_size, trainer.global_rank)


def fit(
    module: EmbeddingModule,
    train: FeatureClips | WindowClips,
    validation: FeatureClips | WindowClips,
    options: TrainOptions,
    run: Run,
    seed: int,
) -> None:
    """Train, and write the best checkpoint and the curves.

    Raises:
        UserError: the options ask for something that does not exist, somebody else trains in the
            folder, training diverges, or memory does not suffice.
        PreemptedError: a signal ended training; the same call goes on.
    """
    autocast(run.device, PRECISION_OF[options.mixed_precision])  # refuses what cannot be done
    main = is_main_process()
    with training_lock(run.training_dir) if main else nullcontext():
        if main:
            _start_over_if_changed(run)
            print_parameters(module)
        else:
            _wait_for_main_process(run)
        chosen = run.training_dir / "batch_size.json"
        options = resolve_batch_size(module, train, options, run.device, chosen, decides=main)
        loaders = training_loader(train, options, seed), validation_loader(validation, options)
        keep_best = KeepBest(run.training_dir / "best", options.select, options.keep, run.save)
        trainer = _trainer(options, run, loaders[0], [ShareClips(loaders), keep_best])
        _fit(trainer, module, *loaders, run)
        if trainer.is_global_zero:
            _finish(run, keep_best)


def _trainer(
    options: TrainOptions, run: Run, train: ResumableLoader, callbacks: list[Callback]
) -> pl.Trainer:
    on_gpu = run.device.type == "cuda"
    n_devices = count_devices(run.device, options.devices)
    one_gpu = [run.device.index] if on_gpu and n_devices == 1 and run.device.index else n_devices
    # In a SLURM job Lightning takes for granted that there is a task for every device.
    environment = [LightningEnvironment()] if is_one_task_of_slurm() else []
    return pl.Trainer(
        accelerator="gpu" if on_gpu else "cpu",
        devices=one_gpu,
        num_nodes=options.num_nodes,
        strategy=options.strategy,
        precision=LIGHTNING_PRECISION[options.mixed_precision],
        plugins=[WholeCheckpoints(), *environment],
        max_epochs=options.epochs,
        accumulate_grad_batches=options.gradient_accumulation_steps,
        gradient_clip_val=options.gradient_clip,
        check_val_every_n_epoch=options.eval_every,
        num_sanity_val_steps=0,
        log_every_n_steps=1,
        use_distributed_sampler=False,
        logger=_loggers(options, run),
        enable_model_summary=False,
        enable_checkpointing=False,
        # A bar in a log file is a line for every step.
        enable_progress_bar=sys.stderr.isatty(),
        callbacks=[
            ValidateLastEpoch(),
            *callbacks,
            Throughput(),
            EarlyStopping(f"val/{options.select}", mode="max", patience=options.patience),
            SaveToGoOn(run.training_dir / "last.ckpt", options.save_every, train),
        ],
    )


def _loggers(options: TrainOptions, run: Run) -> list[Logger]:
    # A logger deletes what an earlier one wrote to its folder, so each go has a folder.
    n_goes = len(list(run.training_dir.glob("curves*")))
    loggers: list[Logger] = [
        CSVLogger(run.training_dir, name="", version=f"curves{n_goes:04d}"),
        TensorBoardLogger(run.output.parent, name="tensorboard", version=""),
    ]
    if options.wandb_project:
        if find_spec("wandb") is None:
            raise UserError("wandb_project needs Weights & Biases: pip install wandb.")
        loggers.append(WandbLogger(project=options.wandb_project, save_dir=run.training_dir))
    return loggers


def _fit(
    trainer: pl.Trainer,
    module: EmbeddingModule,
    train: ResumableLoader,
    validation: ResumableLoader,
    run: Run,
) -> None:
    last = run.training_dir / "last.ckpt"
    try:
        trainer.fit(
            module,
            train,
            validation,
            ckpt_path=str(last) if last.exists() else None,
            weights_only=True,
        )
    except NotFiniteError as error:
        state = run.training_dir / "diverged.ckpt"
        trainer.save_checkpoint(state)
        named = ", ".join(error.clip_ids[:5]) + (" ..." if len(error.clip_ids) > 5 else "")
        raise UserError(
            f"Training gave {error} after {trainer.global_step} steps, with the clips {named}; the "
            f"state is saved as {state}. Lower the learning rate, or look at these clips."
        ) from error
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise UserError(
            f"Memory does not suffice for {train.sampler.batch_size} clips at once on "
            f"{module.device}: lower batch_size and raise gradient_accumulation_steps by the same "
            "factor, set batch_size auto, or switch on gradient_checkpointing or mixed_precision."
        ) from error


def describe(paths: Iterable[Path]) -> dict[str, list[int]]:
    """Size and time of change of each file, by which a changed input is known."""
    return {str(path): [path.stat().st_size, path.stat().st_mtime_ns] for path in map(Path, paths)}


def _start_over_if_changed(run: Run) -> None:
    """Clear the folder of what a run with other settings or inputs left there."""
    if _is_known(run):
        return
    _clear(run)
    shutil.rmtree(run.output.parent / "tensorboard", ignore_errors=True)
    write_json(_record(run), run.made_from)


def _record(run: Run) -> Path:
    return run.training_dir / "made_from.json"


def _is_known(run: Run) -> bool:
    # JSON turns tuples into lists.
    made_from = json.loads(json.dumps(run.made_from))
    path = _record(run)
    return path.exists() and json.loads(path.read_text(encoding="utf-8")) == made_from


def _wait_for_main_process(run: Run) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not _is_known(run):
        if time.monotonic() > deadline:
            raise UserError(f"The first process did not prepare {run.training_dir} in time.")
        time.sleep(0.1)


def _clear(run: Run) -> None:
    """Delete what training wrote, and no file of anybody who named a folder of theirs."""
    _record(run).unlink(missing_ok=True)
    for path in [*run.training_dir.glob("curves*"), run.training_dir / "best"]:
        shutil.rmtree(path, ignore_errors=True)
    for pattern in ("last.ckpt", "diverged.ckpt", ".last.*.ckpt", "batch_size.json"):
        for path in run.training_dir.glob(pattern):
            path.unlink()


def _finish(run: Run, keep_best: KeepBest) -> None:
    """Put the results in their places; the best one comes last, for it says that all is there."""
    curves = sorted(run.training_dir.glob("curves*/metrics.csv"))
    _write_curves(run.output.with_name("curves.csv"), curves)
    for rank, kept in reversed(list(enumerate(keep_best.kept, 1))):
        for path in sorted(
            keep_best.path_of(kept).iterdir(), key=lambda path: path.name == "best.pt"
        ):
            name = run.output.name if path.name == "best.pt" else path.name
            target = run.output.with_name(name if rank == 1 else f"top{rank}.{name}")
            with whole_or_absent(target) as temporary:
                shutil.copyfile(path, temporary)
    _clear(run)
    if os.listdir(run.training_dir) == ["lock.json"]:
        shutil.rmtree(run.training_dir)


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
