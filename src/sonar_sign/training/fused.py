"""Training the fused encoder: SONAR's sign encoder learns to hear landmarks too.

It is stage 2 with one more input, and starts from stage 2's result or from where stage 2
started. The landmark model stays as it is.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from sonar_sign.core.devices import choose_device
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import sha256_of
from sonar_sign.core.options import LandmarkAugmentOptions, LossOptions, TrainOptions
from sonar_sign.core.padding import padded
from sonar_sign.features.feature_shards import open_features
from sonar_sign.models.checkpoint import load_sign_encoder
from sonar_sign.models.fused_encoder import FusedEncoder, misalignment, save_fused_encoder
from sonar_sign.models.landmark_checkpoint import load_landmark_model
from sonar_sign.training.batches import Part
from sonar_sign.training.data import Batch, FeatureClips
from sonar_sign.training.landmark_augment import augment
from sonar_sign.training.module import EmbeddingModule
from sonar_sign.training.seeding import seed_everything
from sonar_sign.training.supervision import Supervision
from sonar_sign.training.supervision_files import (
    SupervisionFiles,
    make_losses,
    make_validation,
    sonar_opener,
)
from sonar_sign.training.trainer import fit
from sonar_sign.training.training_folder import Run, describe


@dataclass(frozen=True)
class FusedInputs:
    """Files that the training reads."""

    train_features: Sequence[Path]
    val_features: Sequence[Path]
    train_landmarks: Sequence[Path]
    val_landmarks: Sequence[Path]
    supervision_files: SupervisionFiles
    sign_encoder: Path
    landmark_model: Path

    def files(self) -> list[Path]:
        """All but SONAR's, which the targets come from."""
        return [
            *self.train_features,
            *self.val_features,
            *self.train_landmarks,
            *self.val_landmarks,
            *self.supervision_files.files(),
            self.sign_encoder,
            self.landmark_model,
        ]


class FusedClips(FeatureClips):
    """Clips of feature shards with their landmarks; item `part` is the batch of these clips.

    Raises:
        UserError: as `FeatureClips`, or clips are in no landmark shard.
    """

    def __init__(
        self,
        features: Sequence[Path],
        landmarks: Sequence[Path],
        supervision: Supervision,
        augmentation: LandmarkAugmentOptions | None = None,
    ):
        super().__init__(features, supervision)
        self.landmarks, self.augmentation = open_features(landmarks), augmentation
        missing = [clip_id for clip_id in self.clip_ids if clip_id not in self.landmarks]
        if missing:
            raise UserError(
                f"{len(missing)} of {len(self.clip_ids)} clips are in no landmark shard, "
                f"{missing[0]} for one; extract landmarks again."
            )
        any_shard = next(iter(self.landmarks.values()))
        self.landmark_dim, self.landmarks_sha256 = any_shard.dim, any_shard.encoder_sha256

    def __getitem__(self, part: Part) -> Batch:
        batch = super().__getitem__(part)
        rng = np.random.default_rng(part.seed)
        clips = [self.landmarks[clip_id][clip_id].astype(np.float32) for clip_id in batch.clip_ids]
        if self.augmentation is not None:
            clips = [augment(clip, self.augmentation, rng) if len(clip) else clip for clip in clips]
        rows, lengths = padded(clips)
        return replace(batch, landmarks=rows, landmark_lengths=lengths)


class FusedModule(EmbeddingModule):
    """Trains a fused encoder; what landmarks say is pulled to what features say besides.

    A caption says little of a clip's many moments. Features of training clips, which stage 1 and
    stage 2 have seen, say much of each, and in a language that the sign encoder reads.

    Args:
        encoder: the model.
        alignment: the weight of that pull.
        common: as for `EmbeddingModule`.
    """

    def __init__(self, encoder: FusedEncoder, alignment: float, *common: Any):
        super().__init__(encoder, *common)
        self.alignment = alignment

    def losses_of(self, batch: Batch) -> tuple[dict[str, Tensor], Tensor]:
        inputs = self.embed.encoder_inputs(*_inputs(batch))
        losses = self.losses(self.embed.embed(inputs), batch.batch_targets)
        pull = misalignment(inputs)
        total = self.losses.total(losses) + self.alignment * pull
        return losses | {"alignment": pull}, total

    def embedded(self, batch: Batch) -> Tensor:
        return self.embed(*_inputs(batch))


def _inputs(batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return batch.features, batch.lengths, batch.landmarks, batch.landmark_lengths


def train_fused(
    inputs: FusedInputs,
    output: Path,
    training_dir: Path,
    options: TrainOptions,
    losses: LossOptions,
    augmentation: LandmarkAugmentOptions,
    *,
    drop_features: float = 0.85,
    alignment: float = 1.0,
    seed: int = 0,
    device: str = "auto",
) -> None:
    """Write `checkpoints/fused/best.pt` and `curves.csv` beside it.

    Args:
        drop_features: share of training clips whose features are hidden, see `FusedEncoder`.
        alignment: weight of the pull of landmarks to features, see `FusedModule`.

    Raises:
        UserError: a file cannot be used, or they do not belong together.
    """
    chosen = choose_device(device)
    seed_everything(seed)
    supervision_files = inputs.supervision_files
    train = FusedClips(
        inputs.train_features,
        inputs.train_landmarks,
        Supervision(supervision_files.train),
        augmentation,
    )
    val = FusedClips(
        inputs.val_features, inputs.val_landmarks, Supervision([supervision_files.validation])
    )
    landmark_model, _ = load_landmark_model(inputs.landmark_model)
    # Lightning keeps the mode that it finds.
    sign_encoder = load_sign_encoder(inputs.sign_encoder)
    model = FusedEncoder(sign_encoder, landmark_model, drop_features).train()
    _require_fitting(inputs, train, val, model)
    if options.gradient_checkpointing:
        model.sign_encoder.enable_gradient_checkpointing()
    open_sonar = sonar_opener(supervision_files.sonar, chosen)
    module = FusedModule(
        model,
        alignment,
        options,
        make_losses(losses, supervision_files, train, open_sonar),
        make_validation(supervision_files, options.select, open_sonar),
    )
    metadata = {
        "stage": "fused",
        "losses": asdict(losses),
        "landmark_model_sha256": sha256_of(inputs.landmark_model),
    }

    def save(folder: Path, extra: dict) -> None:
        save_fused_encoder(folder / "best.pt", model, {**metadata, **extra})

    fingerprint = {
        "options": asdict(options),
        "losses": asdict(losses),
        "augmentation": asdict(augmentation),
        "stage": ["fused", drop_features, alignment, seed],
        "languages": supervision_files.languages(),
        "inputs": describe(inputs.files()),
    }
    fit(module, train, val, options, Run(training_dir, output, chosen, save, fingerprint), seed)


def _require_fitting(
    inputs: FusedInputs, train: FusedClips, val: FusedClips, model: FusedEncoder
) -> None:
    if train.encoder_sha256 != val.encoder_sha256 or train.landmarks_sha256 != val.landmarks_sha256:
        raise UserError(
            f"{inputs.train_features[0]} and {inputs.val_features[0]}, or their landmarks, were "
            "made by different checkpoints or settings; delete the older ones and extract again."
        )
    for what, path, given, wanted in (
        (
            "features",
            inputs.sign_encoder,
            train.feature_dim,
            model.sign_encoder.config.feature_dim,
        ),
        (
            "landmarks",
            inputs.landmark_model,
            train.landmark_dim,
            model.landmark_model.config.feature_dim,
        ),
        (
            "targets",
            inputs.sign_encoder,
            len(train.supervision[train.clip_ids[0]]),
            model.sign_encoder.config.embedding_dim,
        ),
    ):
        if given != wanted:
            raise UserError(f"The {what} are {given} wide and those of {path} {wanted}.")
