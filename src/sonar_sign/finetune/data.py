"""What a training step is given: features (stage 2) or windows (stage 1), and targets."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from sonar_sign.augment import retime
from sonar_sign.clip_windows import load_windows, sampling_of
from sonar_sign.clips import ClipShard
from sonar_sign.errors import UserError
from sonar_sign.features import open_features
from sonar_sign.finetune.batches import LengthBatches
from sonar_sign.models.sign_hiera import SignHieraConfig
from sonar_sign.options import AugmentOptions, TrainOptions
from sonar_sign.targets import read_all_targets
from sonar_sign.windows import windows_of


@dataclass(frozen=True, eq=False)
class Batch:
    """Clips of one step: either `features` and `lengths`, or `frames` and what belongs to them."""

    clip_ids: list[str]
    targets: Tensor
    """`(batch, embedding_dim)` float32."""
    features: Tensor | None = None
    """`(batch, n_features, feature_dim)` float32, shorter clips filled up with zeros."""
    lengths: Tensor | None = None
    """`(batch,)` features of each clip."""
    frames: Tensor | None = None
    """`(n_windows, n_frames, size, size, 3)` uint8, the windows of all clips in order."""
    padding_frames: Tensor | None = None
    """`(n_windows,)`."""
    n_windows: list[int] | None = None
    """Windows of each clip."""


class FeatureClips(Dataset):
    """Clips of feature shards; item `[numbers]` is the batch of these clips."""

    def __init__(self, shards: Sequence[Path], targets: Sequence[Path]):
        self.shards = open_features(shards)
        self.targets = read_all_targets(targets)
        # Clips that `crop` dropped have no features.
        lengths = {clip_id: len(self.shards[clip_id][clip_id]) for clip_id in sorted(self.shards)}
        self.clip_ids = [clip_id for clip_id, length in lengths.items() if length]
        self.lengths = [lengths[clip_id] for clip_id in self.clip_ids]
        _require_targets(self.clip_ids, self.targets, targets)
        any_shard = next(iter(self.shards.values()))
        self.feature_dim, self.encoder_sha256 = any_shard.dim, any_shard.encoder_sha256

    def __len__(self) -> int:
        return len(self.clip_ids)

    def __getitem__(self, numbers: list[int]) -> Batch:
        clip_ids = [self.clip_ids[number] for number in numbers]
        features = [
            torch.from_numpy(self.shards[clip_id][clip_id].astype(np.float32))
            for clip_id in clip_ids
        ]
        return Batch(
            clip_ids,
            _stack_targets(clip_ids, self.targets),
            features=torch.nn.utils.rnn.pad_sequence(features, batch_first=True),
            lengths=torch.tensor([len(clip) for clip in features]),
        )


class WindowClips(Dataset):
    """Clips of clip shards, decoded when asked for; item `[numbers]` is a batch.

    Args:
        augmentation: how much a clip's time is changed; None leaves it alone.
    """

    def __init__(
        self,
        shards: Sequence[Path],
        targets: Sequence[Path],
        config: SignHieraConfig,
        compat: str,
        augmentation: AugmentOptions | None = None,
        seed: int = 0,
    ):
        self.config, self.compat = config, compat
        self.augmentation, self.seed = augmentation, seed
        opened = [ClipShard(path) for path in shards]
        self.shards = {clip_id: shard for shard in opened for clip_id in shard.clip_ids}
        self.targets = read_all_targets(targets)
        self.clip_ids = sorted(self.shards)
        _require_targets(self.clip_ids, self.targets, targets)
        self.lengths = [self._n_windows(clip_id) for clip_id in self.clip_ids]

    def _n_windows(self, clip_id: str) -> int:
        info = self.shards[clip_id].info(clip_id)
        return len(windows_of(info.n_frames, info.fps, sampling_of(self.config), self.compat))

    def __len__(self) -> int:
        return len(self.clip_ids)

    def __getitem__(self, numbers: list[int]) -> Batch:
        clip_ids = [self.clip_ids[number] for number in numbers]
        # Every epoch has other batches, and a cut run that goes on has the same ones.
        rng = np.random.default_rng((self.seed, *numbers))

        def order(n_frames: int) -> np.ndarray:
            if self.augmentation is None:
                return np.arange(n_frames)
            return retime(n_frames, self.augmentation, rng)

        clips = [load_windows(self.shards[c], c, self.config, self.compat, order) for c in clip_ids]
        return Batch(
            clip_ids,
            _stack_targets(clip_ids, self.targets),
            frames=torch.cat([clip.frames for clip in clips]),
            padding_frames=torch.cat([clip.padding_frames for clip in clips]),
            n_windows=[len(clip.frames) for clip in clips],
        )


def _require_targets(
    clip_ids: list[str], targets: dict[str, np.ndarray], paths: Sequence[Path]
) -> None:
    if not clip_ids:
        raise UserError("The shards given for training or validation hold no clips.")
    missing = [clip_id for clip_id in clip_ids if clip_id not in targets]
    if missing:
        files = " and ".join(map(str, paths))
        raise UserError(
            f"{files} lacks {len(missing)} of {len(clip_ids)} clips, {missing[0]} for one; "
            "delete it and embed the captions again."
        )


def _stack_targets(clip_ids: list[str], targets: dict[str, np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack([targets[clip_id] for clip_id in clip_ids]))


def loader(
    clips: FeatureClips | WindowClips, options: TrainOptions, seed: int, *, shuffle: bool
) -> DataLoader:
    """Batches of similar length; with `shuffle`, another order each epoch, set by the seed."""
    return DataLoader(
        clips,
        sampler=LengthBatches(clips.lengths, options.batch_size, seed, shuffle),
        batch_size=None,
        num_workers=options.num_workers,
        persistent_workers=options.num_workers > 0,
    )


def target_variance(clips: FeatureClips | WindowClips) -> float:
    """Variance of the targets around their mean, averaged over the embedding's dimensions."""
    stacked = np.stack([clips.targets[clip_id] for clip_id in clips.clip_ids])
    return float(stacked.var(axis=0).mean()) or 1.0
