"""The fused encoder: SONAR's sign encoder is trained to read landmarks beside its features.

It is stage 2 with one more input. It starts from the result of stage 2, or from what stage 2
started from, or from another fused training. The landmark model is not trained.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import sha256_of
from sonar_sign.core.options import (
    FusionOptions,
    LandmarkAugmentOptions,
    LossOptions,
    TrainOptions,
)
from sonar_sign.core.padding import padded
from sonar_sign.features.feature_shards import open_features
from sonar_sign.features.sentence_order import SentencesBefore
from sonar_sign.models.fused_encoder import (
    FusedEncoder,
    load_fused_encoder,
    misalignment,
    require_landmark_model,
    save_fused_encoder,
)
from sonar_sign.models.landmark_checkpoint import load_landmark_model
from sonar_sign.models.model_files import read_metadata
from sonar_sign.training.batches import Part
from sonar_sign.training.data import Batch, FeatureClips
from sonar_sign.training.landmark_augment import augment
from sonar_sign.training.module import EmbeddingModule
from sonar_sign.training.provenance import effective_settings
from sonar_sign.training.sign_encoder import (
    FeatureInputs,
    require_same_encoder,
    sentences_before,
)
from sonar_sign.training.supervision import Supervision
from sonar_sign.training.supervision_files import require_widths, sonar_opener
from sonar_sign.training.task import EmbeddingTask, Prepared


@dataclass(frozen=True, kw_only=True)
class FusedInputs(FeatureInputs):
    """Files that the training reads; `sign_encoder` may be a fused one."""

    train_landmarks: Sequence[Path]
    val_landmarks: Sequence[Path]
    landmark_model: Path
    """It is read, and not trained."""

    def models(self) -> dict[str, Path]:
        return {**super().models(), "landmark_model": self.landmark_model}

    def files(self) -> list[Path]:
        return [*super().files(), *self.train_landmarks, *self.val_landmarks]


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
        before: SentencesBefore = SentencesBefore(),  # noqa: B008 (frozen)
    ):
        super().__init__(features, supervision, before)
        self.landmarks, self.landmark_augmentation = open_features(landmarks), augmentation
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
        if (options := self.landmark_augmentation) is not None:
            clips = [augment(clip, options, rng) if len(clip) else clip for clip in clips]
        rows, lengths = padded(clips)
        return replace(batch, landmarks=rows, landmark_lengths=lengths)


class FusedModule(EmbeddingModule):
    """Trains a fused encoder, with an additional loss that pulls landmarks to features.

    A caption says little about each moment of a clip. The features of training clips, on which
    stage 1 and stage 2 were trained, say much about each, in the sign encoder's own input space.

    Args:
        encoder: the model.
        alignment: the weight of that loss.
        common: as for `EmbeddingModule`.
    """

    def __init__(self, encoder: FusedEncoder, alignment: float, *common: Any):
        super().__init__(encoder, *common)
        self.alignment = alignment

    def losses_of(self, batch: Batch) -> tuple[dict[str, Tensor], Tensor]:
        inputs = self.embed.encoder_inputs(*_inputs(batch))
        losses = self.losses(self.embed.embed(inputs, batch.context), batch.batch_targets)
        pull = misalignment(inputs)
        total = self.losses.total(losses) + self.alignment * pull
        return losses | {"alignment": pull}, total

    def embedded(self, batch: Batch) -> Tensor:
        return self.embed(*_inputs(batch), batch.context)


def _inputs(batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return batch.features, batch.lengths, batch.landmarks, batch.landmark_lengths


@dataclass(frozen=True)
class FusedTraining(EmbeddingTask):
    """Writes `best.pt`, a sign encoder in the public layout with the fusion beside it."""

    kind: ClassVar[str] = "fused"
    inputs: FusedInputs
    options: TrainOptions
    losses: LossOptions
    augmentation: LandmarkAugmentOptions
    fusion: FusionOptions = FusionOptions()

    def settings(self) -> dict[str, Any]:
        return effective_settings(
            self.options,
            self.fusion,
            losses=self.losses,
            augment=self.augmentation,
            target_languages=self.supervision_files.languages()[1:],
        )

    def prepare(self, device: torch.device) -> Prepared:
        inputs, files = self.inputs, self.supervision_files
        model = self._open_model()
        # It reads as many sentences before a clip as the sign encoder that it starts from.
        n = model.sign_encoder.config.context
        train = FusedClips(
            inputs.train_features,
            inputs.train_landmarks,
            Supervision(files.train),
            self.augmentation,
            sentences_before(files.train[0], n),
        )
        val = FusedClips(
            inputs.val_features,
            inputs.val_landmarks,
            Supervision([files.validation]),
            before=sentences_before(files.validation, n),
        )
        _require_fitting(inputs, train, val, model)
        if self.options.gradient_checkpointing:
            model.sign_encoder.enable_gradient_checkpointing()
        common = self.losses_and_validation(train, sonar_opener(files.sonar, device, self.losses))
        module = FusedModule(model, self.fusion.alignment, self.options, *common)

        def save(folder: Path, metadata: dict[str, Any]) -> None:
            save_fused_encoder(folder / "best.pt", model, metadata)

        return Prepared(module, train, val, self.corpora(train), save, train.encoder_sha256)

    def _open_model(self) -> FusedEncoder:
        start, path = self.inputs.sign_encoder, self.inputs.landmark_model
        landmark_model, _ = load_landmark_model(path)
        model = load_fused_encoder(start, landmark_model)
        if read_metadata(start).get("kind") == "fused":
            require_landmark_model(start, sha256_of(path), path)
        model.drop_features = self.fusion.drop_features
        return model.train()  # Lightning keeps the mode that it finds


def _require_fitting(
    inputs: FusedInputs, train: FusedClips, val: FusedClips, model: FusedEncoder
) -> None:
    require_same_encoder(inputs, train, val)
    if train.landmarks_sha256 != val.landmarks_sha256:
        raise UserError(
            f"{inputs.train_landmarks[0]} and {inputs.val_landmarks[0]} were made by different "
            "settings; delete the older ones and extract again."
        )
    require_widths(train, model.sign_encoder.config, train.feature_dim)
    expected = model.landmark_model.config.feature_dim
    if train.landmark_dim != expected:
        raise UserError(
            f"The landmarks are {train.landmark_dim} wide and those of {inputs.landmark_model} "
            f"{expected}."
        )
