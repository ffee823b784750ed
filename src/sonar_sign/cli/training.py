"""Subcommands that train, one for each kind of training."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from sonar_sign.cli.features import Language, Sonar, Threads
from sonar_sign.core.errors import UserError
from sonar_sign.core.options import (
    AugmentOptions,
    Compat,
    DecoderOptions,
    FreezeOptions,
    FusionOptions,
    JointOptions,
    LandmarkAugmentOptions,
    LandmarkModelOptions,
    LossOptions,
    TrainOptions,
)

if TYPE_CHECKING:
    from sonar_sign.training.mix import CorpusWeight
    from sonar_sign.training.supervision_files import SupervisionFiles
    from sonar_sign.training.task import TrainingTask
    from sonar_sign.training.video_encoder import VideoInputs

TrainTargets = Annotated[list[Path], "Targets of the training clips; repeat for more corpora."]
TrainManifest = Annotated[list[Path], "Manifest of the training split; repeat for more corpora."]
ValTargets = Annotated[Path, "Targets of the validation clips."]
ValManifest = Annotated[Path, "Manifest of the validation split, for its captions."]
Output = Annotated[Path, "Best checkpoint to write, in the public layout."]
TrainingDir = Annotated[Path, "Folder that an interrupted run resumes from; emptied at the end."]
Corpus = Annotated[
    list[str], "NAME=WEIGHT of each corpus, in the order of manifests; 1: each clip once per epoch."
]
SignHiera = Annotated[Path, "SignHiera to start from."]
SignEncoder = Annotated[Path, "Sign encoder to start from."]


@dataclass(frozen=True)
class RunFlags:
    """Where a training runs and what it writes."""

    output: Output
    training_dir: TrainingDir
    training: Annotated[str, "Name of the training in the config; empty: its kind."] = ""
    seed: Annotated[int, "Seed of everything that is drawn."] = 0
    device: Annotated[str, "auto, cpu, cuda or cuda:N."] = "auto"
    threads: Threads = 0


@dataclass(frozen=True)
class ClipFlags:
    """Clip shards."""

    train_clips: Annotated[list[Path], "Clip shard for training; repeat for all."]
    val_clips: Annotated[list[Path], "Clip shard for validation; repeat for all."]
    compat: Annotated[Compat, "How windows are sampled."] = "ssvp_slt"


@dataclass(frozen=True)
class FeatureFlags:
    """Feature shards."""

    train_features: Annotated[list[Path], "Feature shard for training; repeat for all."]
    val_features: Annotated[list[Path], "Feature shard for validation; repeat for all."]
    sign_hiera: Annotated[
        Path | None, "SignHiera that made the features, to be named in the checkpoint."
    ] = None


@dataclass(frozen=True)
class LandmarkFlags:
    """Landmark shards."""

    train_landmarks: Annotated[list[Path], "Landmark shard for training; repeat for all."]
    val_landmarks: Annotated[list[Path], "Landmark shard for validation; repeat for all."]


@dataclass(frozen=True)
class CaptionFlags:
    """Captions of the clips, for a training that needs no targets."""

    train_manifest: TrainManifest
    val_manifest: ValManifest
    corpus: Corpus = field(default_factory=list)
    further_captions: Annotated[list[Path], "Further captions to train the tokenizer on."] = field(
        default_factory=list
    )
    language: Language = "eng_Latn"


@dataclass(frozen=True)
class SupervisionFlags:
    """Targets and captions of the clips."""

    train_targets: TrainTargets
    train_manifest: TrainManifest
    val_targets: ValTargets
    val_manifest: ValManifest
    sonar: Sonar
    corpus: Corpus = field(default_factory=list)
    extra_language: Annotated[
        list[str], "Further language of training captions; repeat for more."
    ] = field(default_factory=list)
    extra_targets: Annotated[
        list[Path], "Targets of the further languages, in their order; repeat."
    ] = field(default_factory=list)
    extra_captions: Annotated[
        list[Path], "Captions of the further languages, in their order; repeat."
    ] = field(default_factory=list)
    language: Language = "eng_Latn"

    def files(self) -> "SupervisionFiles":
        """Files by language, the captions' language first."""
        from sonar_sign.training.supervision import TargetFiles
        from sonar_sign.training.supervision_files import SupervisionFiles

        extra = (self.extra_language, self.extra_targets, self.extra_captions)
        if len({len(flags) for flags in extra}) > 1:
            raise UserError(
                "Every --extra-language needs one --extra-targets and --extra-captions."
            )
        further = [
            TargetFiles(code, [targets], [captions])
            for code, targets, captions in zip(*extra, strict=True)
        ]
        first = TargetFiles(self.language, self.train_targets, self.train_manifest)
        validation = TargetFiles(self.language, [self.val_targets], [self.val_manifest])
        corpora = weights_of(self.corpus)
        return SupervisionFiles([first, *further], validation, self.sonar, corpora)


def weights_of(corpus: list[str]) -> "list[CorpusWeight]":
    """The corpora's weights from `NAME=WEIGHT`."""
    from sonar_sign.training.mix import CorpusWeight

    return [CorpusWeight.parse(text) for text in corpus]


def run_task(task: "TrainingTask", run: RunFlags) -> None:
    """Train as the flags say."""
    from sonar_sign.training.task import Destination, run_training

    destination = Destination(run.output, run.training_dir, run.training)
    run_training(task, destination, seed=run.seed, device=run.device)


def _use_threads(run: RunFlags) -> None:
    """Set PyTorch's number of threads, before a model is loaded."""
    from sonar_sign.core.devices import use_threads

    use_threads(run.threads)


def train_video_encoder(
    clips: ClipFlags,
    supervision: SupervisionFlags,
    sign_hiera: SignHiera,
    sign_encoder: Annotated[Path, "Sign encoder, which is frozen."],
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
    _use_threads(run)
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
    _use_threads(run)
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
    _use_threads(run)
    from sonar_sign.training.sign_encoder import FeatureInputs, SignEncoderTraining

    inputs = FeatureInputs(
        features.train_features,
        features.val_features,
        supervision.files(),
        sign_encoder,
        features.sign_hiera,
    )
    run_task(SignEncoderTraining(inputs, options, losses, decoder), run)


def train_landmark_translator(
    landmarks: LandmarkFlags,
    captions: CaptionFlags,
    run: RunFlags,
    options: TrainOptions,
    shape: LandmarkModelOptions,
    augmentation: LandmarkAugmentOptions,
    start: Annotated[Path | None, "Landmark model to start from, with its shape."] = None,
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
    _use_threads(run)
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
    landmark_model: Annotated[Path, "Landmark model, which is not trained."],
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
    _use_threads(run)
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
