"""Stage 2: the sign encoder learns, from features that stay as they are, to give embeddings.

The demo pretrains its stand-in sign encoder with the same code, from nothing instead of from
the public weights.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import Tensor, nn

from sonar_sign.errors import UserError
from sonar_sign.finetune.data import Batch, FeatureClips, loader, target_variance
from sonar_sign.finetune.module import EmbeddingModule
from sonar_sign.finetune.seeding import seed_everything
from sonar_sign.finetune.trainer import describe, fit
from sonar_sign.finetune.validation import make_validation
from sonar_sign.models.checkpoint import load_sign_encoder, save_sign_encoder
from sonar_sign.models.sign_encoder import SignEncoder, SignEncoderConfig
from sonar_sign.options import LossOptions, TrainOptions
from sonar_sign.runtime import choose_device


@dataclass(frozen=True)
class Stage2Inputs:
    """Files that stage 2 reads."""

    train_features: Sequence[Path]
    val_features: Sequence[Path]
    train_targets: Sequence[Path]
    val_targets: Path
    val_manifest: Path
    sonar: Path

    def files(self) -> list[Path]:
        """All but SONAR's, which the targets come from."""
        return [
            *self.train_features,
            *self.val_features,
            *self.train_targets,
            self.val_targets,
            self.val_manifest,
        ]


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
    *,
    language: str = "eng_Latn",
    seed: int = 0,
    device: str = "auto",
) -> None:
    """Write `checkpoints/stage2/best.pt`, a sign encoder in the public layout.

    Args:
        sign_encoder: the checkpoint to start from, or the shape of one to start from nothing.
        language: of the captions.

    Raises:
        UserError: a file cannot be used, or features or targets do not fit the sign encoder.
    """
    chosen = choose_device(device)
    seed_everything(seed)
    train = FeatureClips(inputs.train_features, inputs.train_targets)
    val = FeatureClips(inputs.val_features, [inputs.val_targets])
    if train.encoder_sha256 != val.encoder_sha256:
        raise UserError(
            "Training and validation features come from different SignHiera checkpoints; "
            "delete the older ones and extract again."
        )
    fresh = isinstance(sign_encoder, SignEncoderConfig)
    # Lightning keeps the mode that it finds, and loaders give models in evaluation mode.
    model = SignEncoder(sign_encoder) if fresh else load_sign_encoder(sign_encoder).train()
    embedding_dim = len(train.targets[train.clip_ids[0]])
    for what, given, wanted in (
        ("features", train.feature_dim, model.config.feature_dim),
        ("targets", embedding_dim, model.config.embedding_dim),
    ):
        if given != wanted:
            raise UserError(f"The {what} are {given} wide and the sign encoder's are {wanted}.")
    module = EmbeddingModule(
        FeaturesToEmbedding(model),
        options,
        losses,
        target_variance(train),
        make_validation(
            options.select, inputs.val_manifest, inputs.sonar, language, chosen, val.clip_ids
        ),
    )

    def save(path: Path, extra: dict) -> None:
        save_sign_encoder(path, model, {"stage": "stage2", **extra})

    fit(
        module,
        loader(train, options, seed, shuffle=True),
        loader(val, options, seed, shuffle=False),
        options,
        chosen,
        training_dir,
        output,
        save,
        {
            "options": asdict(options),
            "losses": asdict(losses),
            "stage": [asdict(model.config), language, seed],
            "inputs": describe(inputs.files() if fresh else [*inputs.files(), sign_encoder]),
        },
    )
