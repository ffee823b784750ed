"""Stage 2: the sign encoder is trained on features, which stay as they are.

The demo pretrains its stand-in sign encoder with the same code, from nothing instead of from
the public weights.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from sonar_sign.core.errors import UserError
from sonar_sign.core.feature_options import ContextOptions, FeatureAugmentOptions
from sonar_sign.core.files import sha256_of
from sonar_sign.core.options import DecoderOptions, LossOptions, TrainOptions
from sonar_sign.features.sentence_order import SentencesBefore
from sonar_sign.models.checkpoint import load_sign_encoder, save_sign_encoder
from sonar_sign.models.sign_encoder import SignEncoder, SignEncoderConfig
from sonar_sign.training.data import Batch, FeatureClips
from sonar_sign.training.decoder import save_decoder
from sonar_sign.training.module import EmbeddingModule
from sonar_sign.training.provenance import effective_settings
from sonar_sign.training.supervision import Supervision, TargetFiles
from sonar_sign.training.supervision_files import (
    SupervisionFiles,
    require_widths,
    sonar_opener,
    trained_decoder,
)
from sonar_sign.training.task import EmbeddingTask, Prepared


@dataclass(frozen=True)
class FeatureInputs:
    """Files that a training on features reads."""

    train_features: Sequence[Path]
    val_features: Sequence[Path]
    supervision_files: SupervisionFiles
    sign_encoder: Path | SignEncoderConfig
    """The checkpoint to start from, or the shape of a sign encoder with random weights."""
    sign_hiera: Path | None = None
    """The checkpoint that made the features, for the metadata; None: only its hash is known."""

    def models(self) -> dict[str, Path]:
        fresh = isinstance(self.sign_encoder, SignEncoderConfig)
        found = {"sign_encoder": None if fresh else self.sign_encoder, "features": self.sign_hiera}
        return {role: path for role, path in found.items() if path is not None}

    def files(self) -> list[Path]:
        shards = [*self.train_features, *self.val_features]
        return [*shards, *self.supervision_files.files(), *self.models().values()]


class FeaturesToEmbedding(nn.Module):
    """Features of clips through the sign encoder."""

    def __init__(self, sign_encoder: SignEncoder):
        super().__init__()
        self.sign_encoder = sign_encoder

    def forward(self, batch: Batch) -> Tensor:
        """`(batch, embedding_dim)`."""
        return self.sign_encoder(batch.features, batch.lengths, batch.context)


def require_same_encoder(inputs: FeatureInputs, train: FeatureClips, val: FeatureClips) -> None:
    """Check that one video encoder made all features, and that it is the given one.

    Raises:
        UserError: it is not.
    """
    first = inputs.train_features[0]
    if train.encoder_sha256 != val.encoder_sha256:
        raise UserError(
            f"{first} and {inputs.val_features[0]} come from different SignHiera checkpoints; "
            "delete the older ones and extract again."
        )
    given = inputs.sign_hiera
    if given is not None and sha256_of(given) != train.encoder_sha256:
        raise UserError(f"{first} was made by another SignHiera than {given}; extract again.")


def sentences_before(files: TargetFiles, n: int) -> SentencesBefore:
    """The clips before each training or validation clip, by the manifests of its captions.

    Raises:
        UserError: no clip follows another in its video.
    """
    before = SentencesBefore.read([[path] for path in files.captions], n)
    if n and not any(before.clips.values()):
        raise UserError(
            f"context {n} needs videos of several sentences, and in "
            f"{' and '.join(map(str, files.captions)) or 'no manifest'} no clip follows another; "
            "use the full videos, or context 0."
        )
    return before


def _read_sentences_before(model: SignEncoder, n: int, start: Path | SignEncoderConfig) -> None:
    if n < model.config.context:
        raise UserError(
            f"{start} reads {model.config.context} sentences before a clip; give context "
            f"{model.config.context}, or another sign encoder to start from."
        )
    model.read_sentences_before(n)


@dataclass(frozen=True)
class SignEncoderTraining(EmbeddingTask):
    """Writes `best.pt`, a sign encoder in the public layout.

    Where SONAR's decoder is trained too, `sonar_decoder.pt` is written beside it.
    """

    kind: ClassVar[str] = "sign_encoder"
    inputs: FeatureInputs
    options: TrainOptions
    losses: LossOptions
    decoder: DecoderOptions = DecoderOptions()
    context: ContextOptions = ContextOptions()
    augmentation: FeatureAugmentOptions = FeatureAugmentOptions()

    def settings(self) -> dict[str, Any]:
        shape = self.inputs.sign_encoder
        fresh = {"shape": asdict(shape)} if isinstance(shape, SignEncoderConfig) else {}
        return effective_settings(
            self.options,
            self.context,
            losses=self.losses,
            decoder=self.decoder,
            augment=self.augmentation,
            target_languages=self.supervision_files.languages()[1:],
            **fresh,
        )

    def prepare(self, device: torch.device) -> Prepared:
        start, files = self.inputs.sign_encoder, self.supervision_files
        n = self.context.context
        train = FeatureClips(
            self.inputs.train_features,
            Supervision(files.train),
            sentences_before(files.train[0], n),
            self.augmentation,
        )
        val = FeatureClips(
            self.inputs.val_features,
            Supervision([files.validation]),
            sentences_before(files.validation, n),
        )
        require_same_encoder(self.inputs, train, val)
        fresh = isinstance(start, SignEncoderConfig)
        # Lightning keeps the mode that it finds, and loaders give models in evaluation mode.
        model = SignEncoder(start) if fresh else load_sign_encoder(start).train()
        _read_sentences_before(model, n, start)
        require_widths(train, model.config, train.feature_dim)
        if self.options.gradient_checkpointing:
            model.enable_gradient_checkpointing()
        open_sonar = sonar_opener(files.sonar, device, self.losses)
        decoder = trained_decoder(self.decoder, self.losses, open_sonar)
        common = self.losses_and_validation(train, open_sonar)
        module = EmbeddingModule(FeaturesToEmbedding(model), self.options, *common, decoder)

        def save(folder: Path, metadata: dict[str, Any]) -> None:
            save_sign_encoder(folder / "best.pt", model, metadata)
            if decoder is not None:
                save_decoder(folder / "sonar_decoder.pt", decoder)

        return Prepared(module, train, val, self.corpora(train), save, train.encoder_sha256)
