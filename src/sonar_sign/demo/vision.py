"""The demo's stand-ins for SignHiera and the sign encoder, pretrained on the news corpus alone.

SignHiera learns which sign is being made at every feature, because that needs minutes where the
public model's masked autoencoding needs weeks. The sign encoder is trained by stage 2's own code
(`sonar_sign.finetune.stage2`), from nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sonar_sign.augment import augment
from sonar_sign.clip_windows import load_windows, sampling_of, to_input
from sonar_sign.clips import ClipShard
from sonar_sign.errors import UserError
from sonar_sign.finetune.module import parameter_groups, warmup_then_cosine
from sonar_sign.finetune.seeding import seed_everything
from sonar_sign.models.hiera_checkpoint import save_sign_hiera
from sonar_sign.models.sign_encoder import SignEncoderConfig
from sonar_sign.models.sign_hiera import SignHiera, SignHieraConfig
from sonar_sign.options import AugmentOptions, SignHieraPretrainOptions, StandInOptions
from sonar_sign.progress import track
from sonar_sign.tables import read_table
from sonar_sign.windows import windows_of

# The label of a feature between two signs.
NO_SIGN = 0


def sign_hiera_config(options: StandInOptions, n_classes: int) -> SignHieraConfig:
    """A SignHiera of five blocks: the public model's plan at a few per cent of its size."""
    return SignHieraConfig(
        input_size=(options.n_frames, options.size, options.size),
        embed_dim=options.embed_dim,
        num_classes=n_classes,
        stages=(1, 1, 2, 1),
        patch_kernel=(3, 11, 11),
        patch_stride=(2, 8, 8),
        patch_padding=(1, 5, 5),
    )


def sign_encoder_config(
    options: StandInOptions, feature_dim: int, embedding_dim: int
) -> SignEncoderConfig:
    """A sign encoder of a few layers: the public model's plan at a thousandth of its size."""
    return SignEncoderConfig(
        feature_dim=feature_dim,
        embedding_dim=embedding_dim,
        vocab_size=8,
        d_model=options.encoder_dim,
        d_kv=options.encoder_dim // 4,
        d_ff=2 * options.encoder_dim,
        num_layers=options.encoder_layers,
        num_decoder_layers=options.encoder_layers,
        num_heads=4,
        # Hundreds of sentences, not hundreds of hours: without it, they are learnt by heart.
        dropout_rate=0.1,
    )


@dataclass(frozen=True, eq=False)
class LabelledWindows:
    """Windows of many clips with the sign at each feature."""

    frames: Tensor
    """`(n_windows, n_frames, size, size, 3)` uint8."""
    padding_frames: Tensor
    """`(n_windows,)` int64."""
    labels: Tensor
    """`(n_windows, n_units)` int64; 0 is no sign, padding included."""


def label_windows(
    shards: Sequence[Path], manifest: Path, glosses: Path, names: Sequence[str], config
) -> LabelledWindows:
    """Decode all windows of some clip shards and label their features.

    Args:
        glosses: table with `SENTENCE_NAME`, `gloss`, `start_s`, `end_s` (of the source video).
        names: the signs; the label of `names[i]` is `i + 1`.
    """
    starts = read_table(manifest, ("clip_id", "start_s")).set_index("clip_id")["start_s"]
    signs = read_table(glosses, ("SENTENCE_NAME", "gloss", "start_s", "end_s"), key=None)
    by_clip = dict(iter(signs.groupby("SENTENCE_NAME")))
    clips, labels = [], []
    for path in track(shards, "Decoding windows", len(shards)):
        shard = ClipShard(path)
        for clip_id in shard.clip_ids:
            info = shard.info(clip_id)
            clips.append(load_windows(shard, clip_id, config))
            for window in windows_of(info.n_frames, info.fps, sampling_of(config)):
                # A feature stands for `frames_per_unit` frames: the time halfway through them.
                middle = window.indices.reshape(-1, config.frames_per_unit).mean(axis=1)
                times_s = float(starts[clip_id]) + (middle + 0.5) / info.fps
                labels.append(_signs_at(times_s, by_clip[clip_id], names))
    if not clips:
        raise UserError(f"{shards[0]} and the other news shards hold no clips.")
    return LabelledWindows(
        torch.cat([clip.frames for clip in clips]),
        torch.cat([clip.padding_frames for clip in clips]),
        torch.from_numpy(np.stack(labels)),
    )


def _signs_at(times_s: np.ndarray, signs, names: Sequence[str]) -> np.ndarray:
    labels = np.full(len(times_s), NO_SIGN)
    for sign in signs.itertuples():
        during = (times_s >= float(sign.start_s)) & (times_s < float(sign.end_s))
        labels[during] = names.index(sign.gloss) + 1
    return labels


def pretrain_sign_hiera(
    train: LabelledWindows,
    val: LabelledWindows,
    config: SignHieraConfig,
    output: Path,
    options: SignHieraPretrainOptions,
    augmentation: AugmentOptions,
    seed: int,
) -> float:
    """Train SignHiera to name the sign at every feature, and save it in the public layout.

    Returns:
        The share of validation features that are named right.
    """
    seed_everything(seed)
    model = SignHiera(config).train()
    initialise_narrow(model)
    head = nn.Linear(config.feature_dim, config.num_classes)
    both = nn.ModuleList([model, head])
    optimizer = torch.optim.AdamW(
        parameter_groups(both.named_parameters(), options.weight_decay),
        lr=options.learning_rate,
    )
    n_steps = options.epochs * math.ceil(len(train.frames) / options.batch_windows)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, warmup_then_cosine(0.1, n_steps))
    for _ in track(range(options.epochs), "Pretraining SignHiera", options.epochs):
        for rows in torch.randperm(len(train.frames)).split(options.batch_windows):
            logits, labels = _forward(model, head, train, rows, augmentation)
            loss = F.cross_entropy(logits, labels, label_smoothing=0.1)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(both.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    accuracy = _accuracy(model.eval(), head, val, options.batch_windows)
    save_sign_hiera(output, model, {"accuracy": accuracy})
    return accuracy


def initialise_narrow(model: nn.Module) -> None:
    """Start a narrow model with weights that keep the size of what passes through them.

    The public model's standard deviation of 0.02 suits widths of 96 to 768 and weeks of training.
    Positions are made as large as contents: where a hand is tells signs apart.
    """
    nn.init.normal_(model.pos_embed_spatial, std=1.0)
    nn.init.normal_(model.pos_embed_temporal, std=0.5)
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv3d):
            fan_in = module.weight[0].numel()
            nn.init.normal_(module.weight, std=fan_in**-0.5)


def _forward(
    model: SignHiera,
    head: nn.Linear,
    windows: LabelledWindows,
    rows: Tensor,
    augmentation: AugmentOptions | None = None,
) -> tuple[Tensor, Tensor]:
    """Logits `(n_features, n_classes)` and labels `(n_features,)` of the kept features."""
    frames = to_input(windows.frames[rows])
    if augmentation is not None:
        frames = augment(frames, augmentation)
    features = model.features(frames, windows.padding_frames[rows])
    labels = [windows.labels[row, : len(kept)] for row, kept in zip(rows, features, strict=True)]
    return head(torch.cat(features)), torch.cat(labels)


@torch.inference_mode()
def _accuracy(model: SignHiera, head: nn.Linear, windows: LabelledWindows, batch: int) -> float:
    right = total = 0
    for rows in torch.arange(len(windows.frames)).split(batch):
        logits, labels = _forward(model, head, windows, rows)
        right += int((logits.argmax(dim=1) == labels).sum())
        total += len(labels)
    return right / total
