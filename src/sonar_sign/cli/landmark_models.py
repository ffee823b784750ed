"""Subcommands that train models of landmarks."""

from pathlib import Path
from typing import Annotated

from sonar_sign.cli.features import Device, Language, Seed, Sonar, Threads
from sonar_sign.cli.training import (
    ExtraCaptions,
    ExtraLanguage,
    ExtraTargets,
    Output,
    TrainFeatures,
    TrainingDir,
    TrainManifest,
    TrainTargets,
    ValFeatures,
    ValManifest,
    ValTargets,
    supervision_files_of,
)
from sonar_sign.core.options import (
    LandmarkAugmentOptions,
    LandmarkModelOptions,
    LossOptions,
    TrainOptions,
)

TrainLandmarks = Annotated[list[Path], "Landmark shard for training; repeat for all."]
ValLandmarks = Annotated[list[Path], "Landmark shard for validation; repeat for all."]


def train_landmarks(
    train_landmarks: TrainLandmarks,
    val_landmarks: ValLandmarks,
    train_manifest: TrainManifest,
    val_manifest: ValManifest,
    output: Annotated[Path, "Best checkpoint to write; curves.csv goes beside it."],
    training_dir: TrainingDir,
    options: TrainOptions,
    shape: LandmarkModelOptions,
    augmentation: LandmarkAugmentOptions,
    further_captions: Annotated[list[Path], "Captions that the tokenizer is to know too."] = [],  # noqa: B006
    start: Annotated[Path | None, "Landmark model to start from, with its shape."] = None,
    language: Language = "eng_Latn",
    seed: Seed = 0,
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Train a transformer that translates landmarks."""
    from sonar_sign.core.devices import use_threads
    from sonar_sign.training.landmarks import LandmarkInputs
    from sonar_sign.training.landmarks import train_landmarks as run

    use_threads(threads)
    inputs = LandmarkInputs(
        train_landmarks, val_landmarks, train_manifest, val_manifest, further_captions, start
    )
    run(
        inputs,
        output,
        training_dir,
        options,
        shape,
        augmentation,
        language=language,
        seed=seed,
        device=device,
    )


def train_fused(
    train_features: TrainFeatures,
    val_features: ValFeatures,
    train_landmarks: TrainLandmarks,
    val_landmarks: ValLandmarks,
    train_targets: TrainTargets,
    train_manifest: TrainManifest,
    val_targets: ValTargets,
    val_manifest: ValManifest,
    sign_encoder: Annotated[Path, "Sign encoder to start from: stage 2's, or a public one."],
    landmark_model: Annotated[Path, "Landmark model; it stays as it is."],
    sonar: Sonar,
    output: Output,
    training_dir: TrainingDir,
    options: TrainOptions,
    losses: LossOptions,
    augmentation: LandmarkAugmentOptions,
    drop_features: Annotated[float, "Share of training clips whose features are hidden."] = 0.85,
    alignment: Annotated[float, "Weight of the pull of landmarks to features."] = 1.0,
    extra_language: ExtraLanguage = [],  # noqa: B006
    extra_targets: ExtraTargets = [],  # noqa: B006
    extra_captions: ExtraCaptions = [],  # noqa: B006
    language: Language = "eng_Latn",
    seed: Seed = 0,
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Let a sign encoder read landmarks beside its features."""
    from sonar_sign.core.devices import use_threads
    from sonar_sign.training.fused import FusedInputs
    from sonar_sign.training.fused import train_fused as run

    use_threads(threads)
    extra = (extra_language, extra_targets, extra_captions)
    supervision_files = supervision_files_of(
        language, train_targets, train_manifest, extra, val_targets, val_manifest, sonar
    )
    inputs = FusedInputs(
        train_features,
        val_features,
        train_landmarks,
        val_landmarks,
        supervision_files,
        sign_encoder,
        landmark_model,
    )
    run(
        inputs,
        output,
        training_dir,
        options,
        losses,
        augmentation,
        drop_features=drop_features,
        alignment=alignment,
        seed=seed,
        device=device,
    )


COMMANDS = {
    "train_landmarks": train_landmarks,
    "train_fused": train_fused,
}
