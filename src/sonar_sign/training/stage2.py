"""Stage 2: the sign encoder learns, from features that stay as they are, to give embeddings.

The demo pretrains its stand-in sign encoder with the same code, from nothing instead of from
the public weights.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import Tensor, nn

from sonar_sign.core.devices import choose_device
from sonar_sign.core.errors import UserError
from sonar_sign.core.options import DecoderOptions, LossOptions, TrainOptions
from sonar_sign.models.checkpoint import load_sign_encoder, save_sign_encoder
from sonar_sign.models.sign_encoder import SignEncoder, SignEncoderConfig
from sonar_sign.training.data import Batch, FeatureClips
from sonar_sign.training.decoder import save_decoder
from sonar_sign.training.module import EmbeddingModule
from sonar_sign.training.seeding import seed_everything
from sonar_sign.training.supervision import Supervision
from sonar_sign.training.supervision_files import (
    SupervisionFiles,
    make_losses,
    make_validation,
    sonar_opener,
    trained_decoder,
)
from sonar_sign.training.trainer import fit
from sonar_sign.training.training_folder import Run, describe


@dataclass(frozen=True)
class Stage2Inputs:
    """Files that stage 2 reads."""

    train_features: Sequence[Path]
    val_features: Sequence[Path]
    supervision_files: SupervisionFiles

    def files(self) -> list[Path]:
        """All but SONAR's, which the targets come from."""
        return [*self.train_features, *self.val_features, *self.supervision_files.files()]


class FeaturesToEmbedding(nn.Module):
    """Features of clips through the sign encoder."""

    def __init__(self, sign_encoder: SignEncoder):
        super().__init__()
        self.sign_encoder = sign_encoder

    def forward(self, batch: Batch) -> Tensor:
        """`(batch, embedding_dim)`."""
        return self.sign_encoder(batch.features, batch.lengths)


def finetune_stage2(
    inputs: Stage2Inputs,
    sign_encoder: Path | SignEncoderConfig,
    output: Path,
    training_dir: Path,
    options: TrainOptions,
    losses: LossOptions,
    decoder: DecoderOptions = DecoderOptions(),  # noqa: B008 (frozen)
    *,
    seed: int = 0,
    device: str = "auto",
) -> None:
    """Write `checkpoints/stage2/best.pt`, a sign encoder in the public layout.

    Where SONAR's decoder is trained too, `sonar_decoder.pt` goes beside it.

    Args:
        sign_encoder: the checkpoint to start from, or the shape of one to start from nothing.

    Raises:
        UserError: a file cannot be used, or features or targets do not fit the sign encoder.
    """
    chosen = choose_device(device, options.devices)
    seed_everything(seed)
    supervision_files = inputs.supervision_files
    train = FeatureClips(inputs.train_features, Supervision(supervision_files.train))
    val = FeatureClips(inputs.val_features, Supervision([supervision_files.validation]))
    if train.encoder_sha256 != val.encoder_sha256:
        raise UserError(
            f"{inputs.train_features[0]} and {inputs.val_features[0]} come from different "
            "SignHiera checkpoints; delete the older ones and extract again."
        )
    fresh = isinstance(sign_encoder, SignEncoderConfig)
    # Lightning keeps the mode that it finds, and loaders give models in evaluation mode.
    model = SignEncoder(sign_encoder) if fresh else load_sign_encoder(sign_encoder).train()
    _require_widths(train, model.config)
    if options.gradient_checkpointing:
        model.enable_gradient_checkpointing()
    open_sonar = sonar_opener(supervision_files.sonar, chosen)
    sonar_decoder = trained_decoder(decoder, losses, open_sonar)
    module = EmbeddingModule(
        FeaturesToEmbedding(model),
        options,
        make_losses(losses, supervision_files, train, open_sonar),
        make_validation(supervision_files, options.select, open_sonar),
        sonar_decoder,
    )

    def save(folder: Path, extra: dict) -> None:
        metadata = {"stage": "stage2", "losses": asdict(losses), **extra}
        save_sign_encoder(folder / "best.pt", model, metadata)
        if sonar_decoder is not None:
            save_decoder(folder / "sonar_decoder.pt", sonar_decoder)

    fingerprint = {
        "options": asdict(options),
        "losses": asdict(losses),
        "decoder": asdict(decoder),
        "stage": [asdict(model.config), seed],
        "languages": supervision_files.languages(),
        "inputs": describe(inputs.files() if fresh else [*inputs.files(), sign_encoder]),
    }
    fit(module, train, val, options, Run(training_dir, output, chosen, save, fingerprint), seed)


def _require_widths(clips: FeatureClips, config: SignEncoderConfig) -> None:
    embedding_dim = len(clips.supervision[clips.clip_ids[0]])
    for what, given, wanted in (
        ("features", clips.feature_dim, config.feature_dim),
        ("targets", embedding_dim, config.embedding_dim),
    ):
        if given != wanted:
            raise UserError(f"The {what} are {given} wide and the sign encoder's are {wanted}.")
