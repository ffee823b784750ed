"""Running a stage: Lightning's Trainer, the best checkpoints kept, resumed where it was cut."""

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from importlib.util import find_spec

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
from sonar_sign.training.batch_size import is_out_of_memory, resolve_batch_size
from sonar_sign.training.batches import ResumableLoader
from sonar_sign.training.callbacks import (
    AtomicCheckpoints,
    KeepBest,
    SaveResumeState,
    Throughput,
    ValidateLastEpoch,
)
from sonar_sign.training.data import (
    FeatureClips,
    WindowClips,
    training_loader,
    validation_loader,
)
from sonar_sign.training.lock import training_lock
from sonar_sign.training.module import NotFiniteError, TrainingModule
from sonar_sign.training.parameters import print_parameters
from sonar_sign.training.training_folder import (
    Run,
    finish,
    start_over_if_changed,
    wait_for_main_process,
)

LIGHTNING_PRECISION = {"no": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}


class ShareClips(Callback):
    """Tells the loaders which process they read for, once that is known."""

    def __init__(self, loaders: Sequence[ResumableLoader]):
        self.loaders = loaders

    def setup(self, trainer: pl.Trainer, module: TrainingModule, stage: str) -> None:
        for loader in self.loaders:
            loader.sampler.set_processes(trainer.world_size, trainer.global_rank)


def fit(
    module: TrainingModule,
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
            start_over_if_changed(run)
            print_parameters(module)
        else:
            wait_for_main_process(run)
        chosen = run.training_dir / "batch_size.json"
        options = resolve_batch_size(module, train, options, run.device, chosen, decides=main)
        loaders = training_loader(train, options, seed), validation_loader(validation, options)
        keep_best = KeepBest(run.training_dir / "best", options.select, options.keep, run.save)
        trainer = _trainer(options, run, loaders[0], [ShareClips(loaders), keep_best])
        _fit(trainer, module, *loaders, run)
        if trainer.is_global_zero:
            finish(run, keep_best)


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
        # A bar in a log file is a line for every step.
        enable_progress_bar=sys.stderr.isatty(),
        callbacks=[
            ValidateLastEpoch(),
            *callbacks,
            Throughput(),
            EarlyStopping(f"val/{options.select}", mode="max", patience=options.patience),
            SaveResumeState(run.training_dir / "last.ckpt", options.save_every, train),
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
    module: TrainingModule,
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
