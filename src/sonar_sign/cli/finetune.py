"""Subcommands that train: the two stages of fine-tuning."""

from pathlib import Path
from typing import Annotated

from sonar_sign.cli.features import Device, Language, Seed, Sonar, Threads
from sonar_sign.options import AugmentOptions, Compat, LossOptions, TrainOptions

TrainTargets = Annotated[list[Path], "Targets of the training clips; repeat for more corpora."]
ValTargets = Annotated[Path, "Targets of the validation clips."]
ValManifest = Annotated[Path, "Manifest of the validation split, for its captions."]
Output = Annotated[Path, "Best checkpoint to write, in the public layout."]
TrainingDir = Annotated[Path, "Folder that a cut run goes on from; emptied at the end."]
TrainFeatures = Annotated[list[Path], "Feature shard for training; repeat for all."]
ValFeatures = Annotated[list[Path], "Feature shard for validation; repeat for all."]


def finetune_stage1(
    train_clips: Annotated[list[Path], "Clip shard for training; repeat for all."],
    val_clips: Annotated[list[Path], "Clip shard for validation; repeat for all."],
    train_targets: TrainTargets,
    val_targets: ValTargets,
    val_manifest: ValManifest,
    sign_hiera: Annotated[Path, "Pretrained SignHiera."],
    sign_encoder: Annotated[Path, "Pretrained sign encoder; it stays as it is."],
    sonar: Sonar,
    output: Output,
    training_dir: TrainingDir,
    options: TrainOptions,
    losses: LossOptions,
    augmentation: AugmentOptions,
    freeze: Annotated[float, "Share of SignHiera's blocks that stay as they are."] = 0.8,
    compat: Annotated[Compat, "How windows are sampled."] = "ssvp_slt",
    language: Language = "eng_Latn",
    seed: Seed = 0,
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Fine-tune SignHiera's last blocks."""
    from sonar_sign.finetune.stage1 import Stage1Inputs
    from sonar_sign.finetune.stage1 import finetune_stage1 as run
    from sonar_sign.runtime import use_threads

    use_threads(threads)
    inputs = Stage1Inputs(
        train_clips,
        val_clips,
        train_targets,
        val_targets,
        val_manifest,
        sign_hiera,
        sign_encoder,
        sonar,
    )
    run(
        inputs,
        output,
        training_dir,
        options,
        losses,
        augmentation,
        freeze=freeze,
        compat=compat,
        language=language,
        seed=seed,
        device=device,
    )


def finetune_stage2(
    train_features: TrainFeatures,
    val_features: ValFeatures,
    train_targets: TrainTargets,
    val_targets: ValTargets,
    val_manifest: ValManifest,
    sign_encoder: Annotated[Path, "Pretrained sign encoder."],
    sonar: Sonar,
    output: Output,
    training_dir: TrainingDir,
    options: TrainOptions,
    losses: LossOptions,
    language: Language = "eng_Latn",
    seed: Seed = 0,
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Fine-tune the sign encoder on features."""
    from sonar_sign.finetune.stage2 import Stage2Inputs
    from sonar_sign.finetune.stage2 import finetune_stage2 as run
    from sonar_sign.runtime import use_threads

    use_threads(threads)
    inputs = Stage2Inputs(
        train_features, val_features, train_targets, val_targets, val_manifest, sonar
    )
    run(
        inputs,
        sign_encoder,
        output,
        training_dir,
        options,
        losses,
        language=language,
        seed=seed,
        device=device,
    )


COMMANDS = {"finetune_stage1": finetune_stage1, "finetune_stage2": finetune_stage2}
