"""The demo's stand-ins for SignHiera and the sign encoder, pretrained on the news corpus only.

SignHiera learns to classify which sign is made at every feature: that takes minutes, where the
masked autoencoding of the public model takes weeks. The sign encoder is trained from scratch by
the code of stage 2 (`training.sign_encoder`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sonar_sign.clips.clip_shards import ClipShard
from sonar_sign.core.demo_options import SignHieraPretrainOptions, StandInOptions
from sonar_sign.core.errors import UserError
from sonar_sign.core.options import AugmentOptions
from sonar_sign.core.progress import track
from sonar_sign.core.tables import read_table
from sonar_sign.demo.grammar import GLOSSES
from sonar_sign.features.clip_windows import sampling_of, to_input
from sonar_sign.features.windows import windows_of
from sonar_sign.models.hiera_checkpoint import save_sign_hiera
from sonar_sign.models.sign_encoder import SignEncoderConfig
from sonar_sign.models.sign_hiera import SignHiera, SignHieraConfig
from sonar_sign.training.module import parameter_groups, warmup_then_cosine
from sonar_sign.training.seeding import seed_everything
from sonar_sign.training.video_augment import augment, retime

# The label of a feature between two signs.
NO_SIGN = 0


def sign_hiera_config(options: StandInOptions, n_classes: int) -> SignHieraConfig:
    """A SignHiera of five blocks: the public architecture at a few per cent of its size."""
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
    """A sign encoder of a few layers: the public architecture at a thousandth of its size."""
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
        # There are only hundreds of sentences; without dropout the model memorises them.
        dropout_rate=0.1,
    )


@dataclass(frozen=True, eq=False)
class LabelledClip:
    """A clip with the sign in each of its frames."""

    frames: Tensor
    """`(n_frames, size, size, 3)` uint8 RGB."""
    labels: np.ndarray
    """`(n_frames,)` int64; 0 is no sign."""
    fps: float
    """Frames per second."""


def gloss_names(tables: Sequence[Path]) -> tuple[str, ...]:
    """The signs that SignHiera is to tell apart: those of the small vocabulary, and further ones.

    Args:
        tables: as `label_clips` reads them.
    """
    found = {gloss for path in tables for gloss in read_table(path, ("gloss",), key=None)["gloss"]}
    return (*GLOSSES, *sorted(found.difference(GLOSSES)))


def label_clips(
    shards: Sequence[Path], manifest: Path, glosses: Path, names: Sequence[str]
) -> list[LabelledClip]:
    """Decode clip shards and label every frame with its sign.

    Args:
        glosses: table with the columns `SENTENCE_NAME`, `gloss`, `start_s`, `end_s` (times in
            the source video).
        names: the signs; the label of `names[i]` is `i + 1`.
    """
    starts = read_table(manifest, ("clip_id", "start_s")).set_index("clip_id")["start_s"]
    signs = read_table(glosses, ("SENTENCE_NAME", "gloss", "start_s", "end_s"), key=None)
    by_clip = dict(iter(signs.groupby("SENTENCE_NAME")))
    clips = []
    for path in track(shards, "Decoding clips", len(shards)):
        shard = ClipShard(path)
        for clip_id in shard.clip_ids:
            info = shard.info(clip_id)
            numbers = np.arange(info.n_frames)
            times_s = float(starts[clip_id]) + (numbers + 0.5) / info.fps
            labels = _signs_at(times_s, by_clip[clip_id], names)
            frames = torch.from_numpy(shard.frames(clip_id, numbers))
            clips.append(LabelledClip(frames, labels, info.fps))
    if not clips:
        raise UserError(f"There are no clips in {shards[0]} and the other shards of its corpus.")
    return clips


def _signs_at(times_s: np.ndarray, signs, names: Sequence[str]) -> np.ndarray:
    labels = np.full(len(times_s), NO_SIGN)
    for sign in signs.itertuples():
        during = (times_s >= float(sign.start_s)) & (times_s < float(sign.end_s))
        labels[during] = names.index(sign.gloss) + 1
    return labels


@dataclass(frozen=True, eq=False)
class LabelledWindow:
    """A window of a clip; refers to the frames of the clip without copying them."""

    clip: LabelledClip
    numbers: np.ndarray
    """`(n_frames,)` indices of frames in the clip."""
    padding_frames: int
    """Repeated frames at the end."""

    def labels(self, n_units: int) -> Tensor:
        """The sign at each unit, `(n_units,)`: the label of its middle frame."""
        middles = self.numbers.reshape(-1, len(self.numbers) // n_units).mean(axis=1)
        return torch.from_numpy(self.clip.labels[middles.astype(int)])


def cut_labelled(
    clips: Sequence[LabelledClip],
    config: SignHieraConfig,
    augmentation: AugmentOptions | None = None,
    rng: np.random.Generator | None = None,
) -> list[LabelledWindow]:
    """The windows of clips; with an augmentation, clips are first changed in speed."""
    windows = []
    for clip in clips:
        numbers = np.arange(len(clip.frames))
        if augmentation is not None:
            numbers = retime(len(clip.frames), augmentation, rng)
        for window in windows_of(len(numbers), clip.fps, sampling_of(config)):
            windows.append(LabelledWindow(clip, numbers[window.indices], window.padding_frames))
    return windows


def pretrain_sign_hiera(
    train: Sequence[LabelledClip],
    val: Sequence[LabelledClip],
    config: SignHieraConfig,
    output: Path,
    options: SignHieraPretrainOptions,
    augmentation: AugmentOptions,
    seed: int,
) -> float:
    """Train SignHiera to classify the sign at every feature, and save it in the public layout.

    Returns:
        Accuracy on the features of the validation clips, 0 to 1.
    """
    seed_everything(seed)
    model = SignHiera(config).train()
    initialise_narrow(model)
    head = nn.Linear(config.feature_dim, config.num_classes)
    both = nn.ModuleList([model, head])
    optimizer = torch.optim.AdamW(
        parameter_groups(both.named_parameters(), options.weight_decay),
        lr=options.learning_rate,
        # There are a few hundred steps only; the usual 0.999 averages over a thousand.
        betas=(0.9, 0.98),
    )
    rng = np.random.default_rng(seed)
    # Changes in speed change the number of windows, so epochs differ slightly in length.
    epochs = [cut_labelled(train, config, augmentation, rng) for _ in range(options.epochs)]
    n_steps = sum(math.ceil(len(windows) / options.batch_windows) for windows in epochs)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, warmup_then_cosine(0.1, n_steps))
    for windows in track(epochs, "Pretraining SignHiera", options.epochs):
        for rows in torch.randperm(len(windows)).split(options.batch_windows):
            batch = [windows[row] for row in rows]
            logits, labels = _forward(model, head, batch, augmentation)
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
    """Initialise a narrow model so that activations keep their scale from layer to layer.

    The public model's standard deviation of 0.02 suits widths of 96 to 768 and weeks of training.
    Position embeddings are as large as contents, because signs differ in the hand's position.
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
    windows: Sequence[LabelledWindow],
    augmentation: AugmentOptions | None = None,
) -> tuple[Tensor, Tensor]:
    """Logits `(n_features, n_classes)` and labels `(n_features,)` of the kept features."""
    frames = to_input(torch.stack([window.clip.frames[window.numbers] for window in windows]))
    if augmentation is not None:
        frames = augment(frames, augmentation)
    features = model.features(frames, [window.padding_frames for window in windows])
    labels = [
        window.labels(model.config.num_units)[: len(kept)]
        for window, kept in zip(windows, features, strict=True)
    ]
    return head(torch.cat(features)), torch.cat(labels)


@torch.inference_mode()
def _accuracy(
    model: SignHiera, head: nn.Linear, clips: Sequence[LabelledClip], batch: int
) -> float:
    """The fraction of features that are classified correctly."""
    windows = cut_labelled(clips, model.config)
    right = total = 0
    for first in range(0, len(windows), batch):
        logits, labels = _forward(model, head, windows[first : first + batch])
        right += int((logits.argmax(dim=1) == labels).sum())
        total += len(labels)
    return right / total
