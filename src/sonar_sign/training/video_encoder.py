"""Stage 1: SignHiera's last blocks are trained, through a frozen sign encoder."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from sonar_sign.core.devices import PRECISION_OF, PRECISIONS
from sonar_sign.core.errors import UserError
from sonar_sign.core.options import (
    AugmentOptions,
    Compat,
    FreezeOptions,
    LossOptions,
    TrainOptions,
)
from sonar_sign.features.clip_windows import to_input
from sonar_sign.models.checkpoint import load_sign_encoder, load_sign_hiera, save_sign_hiera
from sonar_sign.models.mapped import convert_linear_layers, releaser
from sonar_sign.models.sign_encoder import SignEncoder
from sonar_sign.models.sign_hiera import SignHiera
from sonar_sign.training.data import Batch, WindowClips
from sonar_sign.training.module import EmbeddingModule
from sonar_sign.training.provenance import effective_settings
from sonar_sign.training.supervision import Supervision
from sonar_sign.training.supervision_files import SupervisionFiles, require_widths, sonar_opener
from sonar_sign.training.task import EmbeddingTask, Prepared
from sonar_sign.training.video_augment import augment


@dataclass(frozen=True)
class VideoInputs:
    """Files that a training on clips reads."""

    train_clips: Sequence[Path]
    val_clips: Sequence[Path]
    supervision_files: SupervisionFiles
    sign_hiera: Path
    """The SignHiera to start from."""
    sign_encoder: Path

    def models(self) -> dict[str, Path]:
        return {"video_encoder": self.sign_hiera, "sign_encoder": self.sign_encoder}

    def files(self) -> list[Path]:
        shards = [*self.train_clips, *self.val_clips]
        return [*shards, *self.supervision_files.files(), *self.models().values()]


class VideoToEmbedding(nn.Module):
    """Windows of clips through SignHiera, then each clip's features through the sign encoder."""

    def __init__(
        self, sign_hiera: SignHiera, sign_encoder: SignEncoder, augmentation: AugmentOptions
    ):
        super().__init__()
        self.sign_hiera, self.sign_encoder = sign_hiera, sign_encoder
        self.augmentation = augmentation

    def forward(self, batch: Batch) -> Tensor:
        """`(batch, embedding_dim)`."""
        frames = to_input(batch.frames)
        if self.training:
            frames = augment(frames, self.augmentation)
        windows = self.sign_hiera.features(frames, batch.padding_frames)
        clips, first = [], 0
        for n_windows in batch.n_windows:
            clips.append(torch.cat(windows[first : first + n_windows]))
            first += n_windows
        lengths = torch.tensor([len(clip) for clip in clips])
        features = nn.utils.rnn.pad_sequence(clips, batch_first=True)
        return self.sign_encoder(features, lengths.to(features.device))


def freeze_first_blocks(model: SignHiera, share: float) -> None:
    """Freeze the patch embedding, the positions and the first `share` of the blocks.

    Parameters that features do not use (the final norm and the head) are frozen too.

    Raises:
        UserError: `share` is not in 0..1, or nothing is left to train.
    """
    if not 0 <= share <= 1:
        raise UserError(f"freeze: {share} is not a share between 0 and 1.")
    n_frozen = math.floor(share * len(model.blocks) + 1e-9)
    if n_frozen == len(model.blocks):
        raise UserError(f"freeze: {share} leaves nothing of SignHiera to train.")
    model.requires_grad_(False)
    for block in list(model.blocks)[n_frozen:]:
        block.requires_grad_(True)
    if share == 0:
        for name, parameter in model.named_parameters():
            if name.startswith(("patch_embed.", "pos_embed")):
                parameter.requires_grad_(True)


@dataclass(frozen=True)
class VideoEncoderTraining(EmbeddingTask):
    """Writes `best.pt`, a SignHiera in the public layout."""

    kind: ClassVar[str] = "video_encoder"
    inputs: VideoInputs
    options: TrainOptions
    losses: LossOptions
    augmentation: AugmentOptions
    freezing: FreezeOptions = FreezeOptions()
    compat: Compat = "ssvp_slt"
    """How windows are sampled, see `features.windows`."""

    def settings(self) -> dict[str, Any]:
        return effective_settings(
            self.options,
            self.freezing,
            compat=self.compat,
            losses=self.losses,
            augment=self.augmentation,
            target_languages=self.supervision_files.languages()[1:],
        )

    def prepare(self, device: torch.device) -> Prepared:
        sign_hiera = load_sign_hiera(self.inputs.sign_hiera)
        sign_encoder = self.open_sign_encoder(device)
        freeze_first_blocks(sign_hiera, self.freezing.freeze)
        if self.options.gradient_checkpointing:
            sign_hiera.gradient_checkpointing = True
            sign_encoder.enable_gradient_checkpointing()
        files, config = self.supervision_files, sign_hiera.config
        train = WindowClips(
            self.inputs.train_clips,
            Supervision(files.train),
            config,
            self.compat,
            self.augmentation,
        )
        val = WindowClips(
            self.inputs.val_clips, Supervision([files.validation]), config, self.compat
        )
        require_widths(train, sign_encoder.config, config.feature_dim)
        embed = VideoToEmbedding(sign_hiera, sign_encoder, self.augmentation)
        common = self.losses_and_validation(train, sonar_opener(files.sonar, device, self.losses))
        return Prepared(
            self.module(embed, *common), train, val, self.corpora(train), self.saver(embed)
        )

    def open_sign_encoder(self, device: torch.device) -> SignEncoder:
        """The sign encoder in the mode that it is trained in: Lightning keeps it."""
        path = self.inputs.sign_encoder
        sign_encoder = load_sign_encoder(path).requires_grad_(False)
        dtype = PRECISIONS[PRECISION_OF[self.options.mixed_precision]]
        # Not on GPUs, which have the memory: FSDP wants parameters of one type.
        if dtype is not None and device.type == "cpu":
            convert_linear_layers(sign_encoder, dtype, releaser(path))
        return sign_encoder

    def module(self, embed: VideoToEmbedding, *losses_and_validation: Any) -> EmbeddingModule:
        return EmbeddingModule(embed, self.options, *losses_and_validation)

    def saver(self, embed: VideoToEmbedding) -> Callable[[Path, dict[str, Any]], None]:
        """What writes checkpoints into a folder."""

        def save(folder: Path, metadata: dict[str, Any]) -> None:
            save_sign_hiera(folder / "best.pt", embed.sign_hiera, metadata)

        return save
