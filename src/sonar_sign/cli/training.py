"""Subcommands that train: the two stages of fine-tuning."""

from pathlib import Path
from typing import Annotated

from sonar_sign.cli.features import Device, Language, Seed, Sonar, Threads
from sonar_sign.core.errors import UserError
from sonar_sign.core.options import (
    AugmentOptions,
    Compat,
    DecoderOptions,
    LossOptions,
    TrainOptions,
)

TrainTargets = Annotated[list[Path], "Targets of the training clips; repeat for more corpora."]
TrainManifest = Annotated[list[Path], "Manifest of the training split; repeat for more corpora."]
ValTargets = Annotated[Path, "Targets of the validation clips."]
ValManifest = Annotated[Path, "Manifest of the validation split, for its captions."]
ExtraLanguage = Annotated[list[str], "Further language of training captions; repeat for more."]
ExtraTargets = Annotated[list[Path], "Its targets; as many as languages, in their order."]
ExtraCaptions = Annotated[list[Path], "Its captions; as many as languages, in their order."]
Output = Annotated[Path, "Best checkpoint to write, in the public layout."]
TrainingDir = Annotated[Path, "Folder that a cut run goes on from; emptied at the end."]
TrainFeatures = Annotated[list[Path], "Feature shard for training; repeat for all."]
ValFeatures = Annotated[list[Path], "Feature shard for validation; repeat for all."]


def finetune_stage1(
    train_clips: Annotated[list[Path], "Clip shard for training; repeat for all."],
    val_clips: Annotated[list[Path], "Clip shard for validation; repeat for all."],
    train_targets: TrainTargets,
    train_manifest: TrainManifest,
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
    extra_language: ExtraLanguage = [],  # noqa: B006 (Typer's way)
    extra_targets: ExtraTargets = [],  # noqa: B006
    extra_captions: ExtraCaptions = [],  # noqa: B006
    freeze: Annotated[float, "Share of SignHiera's blocks that stay as they are."] = 0.8,
    compat: Annotated[Compat, "How windows are sampled."] = "ssvp_slt",
    language: Language = "eng_Latn",
    seed: Seed = 0,
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Fine-tune SignHiera's last blocks."""
    from sonar_sign.core.devices import use_threads
    from sonar_sign.training.stage1 import Stage1Inputs
    from sonar_sign.training.stage1 import finetune_stage1 as run

    use_threads(threads)
    extra = (extra_language, extra_targets, extra_captions)
    supervision_files = supervision_files_of(
        language, train_targets, train_manifest, extra, val_targets, val_manifest, sonar
    )
    inputs = Stage1Inputs(train_clips, val_clips, supervision_files, sign_hiera, sign_encoder)
    run(
        inputs,
        output,
        training_dir,
        options,
        losses,
        augmentation,
        freeze=freeze,
        compat=compat,
        seed=seed,
        device=device,
    )


def finetune_stage2(
    train_features: TrainFeatures,
    val_features: ValFeatures,
    train_targets: TrainTargets,
    train_manifest: TrainManifest,
    val_targets: ValTargets,
    val_manifest: ValManifest,
    sign_encoder: Annotated[Path, "Pretrained sign encoder."],
    sonar: Sonar,
    output: Output,
    training_dir: TrainingDir,
    options: TrainOptions,
    losses: LossOptions,
    decoder: DecoderOptions,
    extra_language: ExtraLanguage = [],  # noqa: B006
    extra_targets: ExtraTargets = [],  # noqa: B006
    extra_captions: ExtraCaptions = [],  # noqa: B006
    language: Language = "eng_Latn",
    seed: Seed = 0,
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Fine-tune the sign encoder on features, and SONAR's decoder where asked to."""
    from sonar_sign.core.devices import use_threads
    from sonar_sign.training.stage2 import Stage2Inputs
    from sonar_sign.training.stage2 import finetune_stage2 as run

    use_threads(threads)
    extra = (extra_language, extra_targets, extra_captions)
    supervision_files = supervision_files_of(
        language, train_targets, train_manifest, extra, val_targets, val_manifest, sonar
    )
    run(
        Stage2Inputs(train_features, val_features, supervision_files),
        sign_encoder,
        output,
        training_dir,
        options,
        losses,
        decoder,
        seed=seed,
        device=device,
    )


def supervision_files_of(language, targets, manifests, extra, val_targets, val_manifest, sonar):
    """The files that say what clips mean; `extra` is languages, their targets, their captions."""
    from sonar_sign.training.supervision import TargetFiles
    from sonar_sign.training.supervision_files import SupervisionFiles

    languages, extra_targets, extra_captions = extra
    if not len(languages) == len(extra_targets) == len(extra_captions):
        raise UserError("Every --extra-language needs one --extra-targets and --extra-captions.")
    further = [
        TargetFiles(code, [its_targets], [captions])
        for code, its_targets, captions in zip(*extra, strict=True)
    ]
    train = [TargetFiles(language, targets, manifests), *further]
    return SupervisionFiles(train, TargetFiles(language, [val_targets], [val_manifest]), sonar)


COMMANDS = {"finetune_stage1": finetune_stage1, "finetune_stage2": finetune_stage2}
