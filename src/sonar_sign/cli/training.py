"""Subcommands that train, one for each kind of training."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from sonar_sign.cli.training_flags import (
    CaptionFlags,
    ClipFlags,
    FeatureFlags,
    LandmarkFlags,
    RunFlags,
    SignEncoder,
    SignHiera,
    SupervisionFlags,
    weights_of,
)
from sonar_sign.core.feature_options import ContextOptions, FeatureAugmentOptions
from sonar_sign.core.options import (
    AugmentOptions,
    DecoderOptions,
    FreezeOptions,
    FusionOptions,
    JointOptions,
    LandmarkAugmentOptions,
    LandmarkModelOptions,
    LossOptions,
    TrainOptions,
)
from sonar_sign.core.settings import INPUT_FILE

if TYPE_CHECKING:
    from sonar_sign.training.task import TrainingTask
    from sonar_sign.training.video_encoder import VideoInputs


def run_task(task: "TrainingTask", run: RunFlags) -> None:
    """Train as the flags say."""
    from sonar_sign.training.task import Destination, run_training

    destination = Destination(run.output, run.training_dir, run.training)
    run_training(task, destination, seed=run.seed, device=run.device)


def _on_this_machine(run: RunFlags, options: TrainOptions) -> TrainOptions:
    """Set PyTorch's number of threads, before a model is loaded; the options with fewer readers."""
    from sonar_sign.core.devices import reader_processes, use_threads

    options = replace(options, num_workers=reader_processes(options.num_workers, run.device))
    use_threads(run.threads, options.num_workers)
    return options


def train_video_encoder(
    clips: ClipFlags,
    supervision: SupervisionFlags,
    sign_hiera: SignHiera,
    sign_encoder: Annotated[Path, "Sign encoder, which is frozen.", INPUT_FILE],
    run: RunFlags,
    options: TrainOptions,
    freezing: FreezeOptions,
    losses: LossOptions,
    augmentation: AugmentOptions,
) -> None:
    """Train SignHiera's last blocks (stage 1).

    Example:
        .venv/bin/sonar-sign train_video_encoder --output out/best.pt
            --train-clips results/demo/clips/train/0000.tar
            --val-clips results/demo/clips/val/0000.tar
            --train-targets results/demo/targets/train.npy
            --train-manifest results/demo/manifests/train.tsv
            --val-targets results/demo/targets/val.npy
            --val-manifest results/demo/manifests/val.tsv
            --sign-hiera resources/models/demo/sign_hiera.pth
            --sign-encoder resources/models/demo/sign_encoder.pth
            --sonar resources/models/demo/sonar --training-dir out/training
    """
    options = _on_this_machine(run, options)
    from sonar_sign.training.video_encoder import VideoEncoderTraining

    inputs = video_inputs(clips, supervision, sign_hiera, sign_encoder)
    task = VideoEncoderTraining(inputs, options, losses, augmentation, freezing, clips.compat)
    run_task(task, run)


def train_joint(
    clips: ClipFlags,
    supervision: SupervisionFlags,
    sign_hiera: SignHiera,
    sign_encoder: SignEncoder,
    run: RunFlags,
    options: TrainOptions,
    freezing: FreezeOptions,
    joint: JointOptions,
    losses: LossOptions,
    augmentation: AugmentOptions,
) -> None:
    """Train SignHiera's last blocks and the sign encoder together.

    The sign encoder is written beside the output, as sign_encoder.pt.

    Example:
        .venv/bin/sonar-sign train_joint --output out/best.pt
            --train-clips results/demo/clips/train/0000.tar
            --val-clips results/demo/clips/val/0000.tar
            --train-targets results/demo/targets/train.npy
            --train-manifest results/demo/manifests/train.tsv
            --val-targets results/demo/targets/val.npy
            --val-manifest results/demo/manifests/val.tsv
            --sign-hiera resources/models/demo/sign_hiera.pth
            --sign-encoder resources/models/demo/sign_encoder.pth
            --sonar resources/models/demo/sonar --training-dir out/training
    """
    options = _on_this_machine(run, options)
    from sonar_sign.training.joint import JointTraining

    inputs = video_inputs(clips, supervision, sign_hiera, sign_encoder)
    task = JointTraining(inputs, options, losses, augmentation, freezing, clips.compat, joint)
    run_task(task, run)


def video_inputs(
    clips: ClipFlags, supervision: SupervisionFlags, sign_hiera: Path, sign_encoder: Path
) -> "VideoInputs":
    """The inputs of a training on clips."""
    from sonar_sign.training.video_encoder import VideoInputs

    return VideoInputs(
        clips.train_clips, clips.val_clips, supervision.files(), sign_hiera, sign_encoder
    )


def train_sign_encoder(
    features: FeatureFlags,
    supervision: SupervisionFlags,
    sign_encoder: SignEncoder,
    run: RunFlags,
    options: TrainOptions,
    losses: LossOptions,
    decoder: DecoderOptions,
    context: ContextOptions,
    augmentation: FeatureAugmentOptions,
) -> None:
    """Train the sign encoder on features (stage 2), and SONAR's decoder where asked to.

    Example:
        .venv/bin/sonar-sign train_sign_encoder --output out/best.pt
            --train-features results/demo/features/stage1/train/0000.npy
            --val-features results/demo/features/stage1/val/0000.npy
            --train-targets results/demo/targets/train.npy
            --train-manifest results/demo/manifests/train.tsv
            --val-targets results/demo/targets/val.npy
            --val-manifest results/demo/manifests/val.tsv
            --sign-encoder resources/models/demo/sign_encoder.pth
            --sonar resources/models/demo/sonar --training-dir out/training
    """
    options = _on_this_machine(run, options)
    from sonar_sign.training.sign_encoder import FeatureInputs, SignEncoderTraining

    inputs = FeatureInputs(
        features.train_features,
        features.val_features,
        supervision.files(),
        sign_encoder,
        features.sign_hiera,
    )
    task = SignEncoderTraining(inputs, options, losses, decoder, context, augmentation)
    run_task(task, run)


def train_landmark_translator(
    landmarks: LandmarkFlags,
    captions: CaptionFlags,
    run: RunFlags,
    options: TrainOptions,
    shape: LandmarkModelOptions,
    augmentation: LandmarkAugmentOptions,
    start: Annotated[
        Path | None, "Landmark model to start from, with its shape.", INPUT_FILE
    ] = None,
) -> None:
    """Train a transformer that translates landmarks.

    Example:
        .venv/bin/sonar-sign train_landmark_translator --output out/best.pt
            --train-landmarks results/demo/landmarks/train/0000.npy
            --val-landmarks results/demo/landmarks/val/0000.npy
            --train-manifest results/demo/manifests/train.tsv
            --val-manifest results/demo/manifests/val.tsv
            --training-dir out/training
    """
    options = _on_this_machine(run, options)
    from sonar_sign.training.landmark_translator import LandmarkInputs, LandmarkTraining

    inputs = LandmarkInputs(
        landmarks.train_landmarks,
        landmarks.val_landmarks,
        captions.train_manifest,
        captions.val_manifest,
        captions.further_captions,
        start,
        weights_of(captions.corpus),
    )
    run_task(LandmarkTraining(inputs, options, shape, augmentation, captions.language), run)


def train_fused(
    features: FeatureFlags,
    landmarks: LandmarkFlags,
    supervision: SupervisionFlags,
    sign_encoder: SignEncoder,
    landmark_model: Annotated[Path, "Landmark model, which is not trained.", INPUT_FILE],
    run: RunFlags,
    options: TrainOptions,
    fusion: FusionOptions,
    losses: LossOptions,
    augmentation: LandmarkAugmentOptions,
) -> None:
    """Train a sign encoder to read landmarks beside its features.

    Example:
        .venv/bin/sonar-sign train_fused --output out/best.pt
            --train-features results/demo/features/stage1/train/0000.npy
            --val-features results/demo/features/stage1/val/0000.npy
            --train-landmarks results/demo/landmarks/train/0000.npy
            --val-landmarks results/demo/landmarks/val/0000.npy
            --train-targets results/demo/targets/train.npy
            --train-manifest results/demo/manifests/train.tsv
            --val-targets results/demo/targets/val.npy
            --val-manifest results/demo/manifests/val.tsv
            --sign-encoder resources/models/demo/sign_encoder.pth
            --landmark-model results/demo/checkpoints/landmarks/best.pt
            --sonar resources/models/demo/sonar --training-dir out/training
    """
    options = _on_this_machine(run, options)
    from sonar_sign.training.fused import FusedInputs, FusedTraining

    inputs = FusedInputs(
        features.train_features,
        features.val_features,
        supervision.files(),
        sign_encoder,
        features.sign_hiera,
        train_landmarks=landmarks.train_landmarks,
        val_landmarks=landmarks.val_landmarks,
        landmark_model=landmark_model,
    )
    run_task(FusedTraining(inputs, options, losses, augmentation, fusion), run)


COMMANDS = {
    "train_video_encoder": train_video_encoder,
    "train_sign_encoder": train_sign_encoder,
    "train_joint": train_joint,
    "train_landmark_translator": train_landmark_translator,
    "train_fused": train_fused,
}
