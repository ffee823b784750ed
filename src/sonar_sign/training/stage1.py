"""Stage 1: SignHiera's last blocks learn, through a frozen sign encoder, to serve a new corpus."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from sonar_sign.core.devices import choose_device
from sonar_sign.core.errors import UserError
from sonar_sign.core.options import AugmentOptions, LossOptions, TrainOptions
from sonar_sign.features.clip_windows import to_input
from sonar_sign.models.checkpoint import load_sign_encoder, load_sign_hiera, save_sign_hiera
from sonar_sign.models.sign_encoder import SignEncoder
from sonar_sign.models.sign_hiera import SignHiera
from sonar_sign.training.data import Batch, WindowClips
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
from sonar_sign.training.video_augment import augment


@dataclass(frozen=True)
class Stage1Inputs:
    """Files that stage 1 reads."""

    train_clips: Sequence[Path]
    val_clips: Sequence[Path]
    supervision_files: SupervisionFiles
    sign_hiera: Path
    sign_encoder: Path

    def files(self) -> list[Path]:
        """All but SONAR's, which the targets come from."""
        return [
            *self.train_clips,
            *self.val_clips,
            *self.supervision_files.files(),
            self.sign_hiera,
            self.sign_encoder,
        ]


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
        raise UserError(f"freeze: {share} leaves nothing of SignHiera to train in stage 1.")
    model.requires_grad_(False)
    for block in list(model.blocks)[n_frozen:]:
        block.requires_grad_(True)
    if share == 0:
        for name, parameter in model.named_parameters():
            if name.startswith(("patch_embed.", "pos_embed")):
                parameter.requires_grad_(True)


def finetune_stage1(
    inputs: Stage1Inputs,
    output: Path,
    training_dir: Path,
    options: TrainOptions,
    losses: LossOptions,
    augmentation: AugmentOptions,
    *,
    freeze: float = 0.8,
    compat: str = "ssvp_slt",
    seed: int = 0,
    device: str = "auto",
) -> None:
    """Write `checkpoints/stage1/best.pt`, a SignHiera in the public layout.

    Args:
        freeze: share of SignHiera's blocks that stay as they are, from the first on.

    Raises:
        UserError: a file cannot be used or an option makes no sense.
    """
    chosen = choose_device(device, options.devices)
    seed_everything(seed)
    sign_hiera = load_sign_hiera(inputs.sign_hiera)
    sign_encoder = load_sign_encoder(inputs.sign_encoder).requires_grad_(False)
    freeze_first_blocks(sign_hiera, freeze)
    if options.gradient_checkpointing:
        sign_hiera.gradient_checkpointing = True
        sign_encoder.enable_gradient_checkpointing()
    supervision_files, config = inputs.supervision_files, sign_hiera.config
    open_sonar = sonar_opener(supervision_files.sonar, chosen)
    train = WindowClips(
        inputs.train_clips, Supervision(supervision_files.train), config, compat, augmentation
    )
    val = WindowClips(inputs.val_clips, Supervision([supervision_files.validation]), config, compat)
    module = EmbeddingModule(
        VideoToEmbedding(sign_hiera, sign_encoder, augmentation),
        options,
        make_losses(losses, supervision_files, train, open_sonar),
        make_validation(supervision_files, options.select, open_sonar),
    )

    def save(folder: Path, extra: dict) -> None:
        metadata = {"stage": "stage1", "freeze": freeze, "losses": asdict(losses), **extra}
        save_sign_hiera(folder / "best.pt", sign_hiera, metadata)

    fingerprint = {
        "options": asdict(options),
        "losses": asdict(losses),
        "augmentation": asdict(augmentation),
        "stage": [freeze, compat, seed],
        "languages": supervision_files.languages(),
        "inputs": describe(inputs.files()),
    }
    fit(module, train, val, options, Run(training_dir, output, chosen, save, fingerprint), seed)
