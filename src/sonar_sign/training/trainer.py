"""Fits a module with Lightning's Trainer: resumes, keeps the best checkpoints, writes curves."""

import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from importlib.util import find_spec
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Callback, EarlyStopping
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger, WandbLogger
from lightning.pytorch.plugins.environments import LightningEnvironment

from sonar_sign.core.devices import (
    PRECISION_OF,
    autocast,
    count_devices,
    is_main_process,
    is_one_task_of_slurm,
)
from sonar_sign.core.errors import UserError
from sonar_sign.core.options import TrainOptions
from sonar_sign.core.wording import first_few
from sonar_sign.models.mapped import map_large_blocks
from sonar_sign.training.averaging import averaging
from sonar_sign.training.batch_size import is_out_of_memory, resolve_batch_size
from sonar_sign.training.batches import ResumableLoader
from sonar_sign.training.callbacks import (
    AtomicCheckpoints,
    KeepBest,
    SaveResumeState,
    Throughput,
    ValidateLastEpoch,
)
from sonar_sign.training.data import ClipSet, training_loader, validation_loader
from sonar_sign.training.lightning_output import quiet_lightning
from sonar_sign.training.lock import training_lock
from sonar_sign.training.module import NotFiniteError, TrainingModule
from sonar_sign.training.parameters import print_parameters
from sonar_sign.training.progress import ReportProgress, end_line, start_line
from sonar_sign.training.training_folder import (
    TrainingRun,
    finish,
    require_whole_state,
    start_over_if_changed,
    wait_for_main_process,
)

LIGHTNING_PRECISION = {"no": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}


class ShareClips(Callback):
    """Tells the loaders which process they read for."""

    def __init__(self, loaders: Sequence[ResumableLoader]):
        self.loaders = loaders

    def setup(self, trainer: pl.Trainer, module: TrainingModule, stage: str) -> None:
        for loader in self.loaders:
            loader.sampler.set_processes(trainer.world_size, trainer.global_rank)


def fit(
    module: TrainingModule,
    train: ClipSet,
    validation: ClipSet,
    options: TrainOptions,
    run: TrainingRun,
    seed: int,
) -> None:
    """Train, and write the best checkpoint and the curves.

    Raises:
        UserError: the options ask for something that does not exist, another process trains in
            the folder, training diverges, or memory does not suffice.
        PreemptedError: a signal ended training; the same call resumes it.
    """
    autocast(run.device, PRECISION_OF[options.mixed_precision])  # refuses what is not possible
    if run.device.type == "cpu" and module.is_large:
        map_large_blocks()
    main, started = is_main_process(), time.monotonic()
    with training_lock(run.training_dir) if main else nullcontext(), quiet_lightning():
        if main:
            start_over_if_changed(run)
            print_parameters(module)
        else:
            wait_for_main_process(run)
        chosen = run.training_dir / "batch_size.json"
        options = resolve_batch_size(module, train, options, run.device, chosen, decides=main)
        metadata = _with_batch_size(run.metadata, options)
        loaders = (
            training_loader(train, options, seed, run.corpora),
            validation_loader(validation, options),
        )
        best = run.training_dir / "best"
        keep_best = KeepBest(best, options.select, options.keep, run.save, metadata)
        name, kind = metadata.get("training", ""), metadata.get("kind", "")
        progress = ReportProgress(run.progress, name, kind, keep_best)
        callbacks = [ShareClips(loaders), keep_best, progress]
        trainer = _trainer(options, run, loaders[0], callbacks)
        _log_settings(trainer.loggers, metadata)
        if main:
            sampled = sum(of_corpus.n_per_epoch for of_corpus in run.corpora)
            n_clips = sampled or len(train.clip_ids), len(validation.clip_ids)
            print(start_line(name or kind, module, options, run.device, *n_clips), flush=True)
        _fit(trainer, module, *loaders, run)
        if trainer.is_global_zero:
            finish(run, keep_best)
            print(end_line(trainer, keep_best, started))


def _with_batch_size(metadata: dict[str, Any], options: TrainOptions) -> dict[str, Any]:
    """The metadata with the batch size that `auto` has chosen."""
    effective = {
        "batch_size": int(options.batch_size),
        "gradient_accumulation_steps": options.gradient_accumulation_steps,
    }
    return {**metadata, "settings": {**metadata.get("settings", {}), **effective}}


def _log_settings(loggers: Sequence[Logger], metadata: dict[str, Any]) -> None:
    """Settings for TensorBoard's `hparams.yaml` and Weights & Biases."""
    named = {key: metadata[key] for key in ("training", "kind", "seed") if key in metadata}
    for logger in loggers:
        logger.log_hyperparams({**named, **metadata["settings"]})


def _trainer(
    options: TrainOptions, run: TrainingRun, train: ResumableLoader, callbacks: list[Callback]
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
        plugins=[AtomicCheckpoints(), *environment],
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
        # In a log file a bar would be a line for every step.
        enable_progress_bar=sys.stderr.isatty(),
        callbacks=[
            ValidateLastEpoch(),
            *callbacks,
            Throughput(),
            EarlyStopping(f"val/{options.select}", mode="max", patience=options.patience),
            *averaging(options, run.training_dir),
            SaveResumeState(run.training_dir / "last.ckpt", options.save_every, train),
        ],
    )


def _loggers(options: TrainOptions, run: TrainingRun) -> list[Logger]:
    # A logger deletes what an earlier one wrote to its folder, so each attempt has a folder.
    n_attempts = len(list(run.training_dir.glob("curves*")))
    loggers: list[Logger] = [
        CSVLogger(run.training_dir, name="", version=f"curves{n_attempts:04d}"),
        TensorBoardLogger(
            run.output.parent, name="tensorboard", version="", default_hp_metric=False
        ),
    ]
    if options.wandb_project:
        if find_spec("wandb") is None:
            raise UserError("wandb_project needs Weights & Biases: pip install wandb.")
        loggers.append(WandbLogger(project=options.wandb_project, save_dir=run.training_dir))
    return loggers


def _fit(
    trainer: pl.Trainer,
    module: TrainingModule,
    train: ResumableLoader,
    validation: ResumableLoader,
    run: TrainingRun,
) -> None:
    last = run.training_dir / "last.ckpt"
    require_whole_state(last)
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
        clips = first_few(error.clip_ids)
        raise UserError(
            f"Training gave {error} after {trainer.global_step} steps, with the clips {clips}; the "
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
