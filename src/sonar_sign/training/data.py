"""The clips of a training step: features or windows of frames, with their targets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from sonar_sign.clips.clip_shards import ClipShard
from sonar_sign.core.feature_options import FeatureAugmentOptions
from sonar_sign.core.options import AugmentOptions, TrainOptions
from sonar_sign.core.padding import padded
from sonar_sign.features.clip_windows import load_windows, sampling_of
from sonar_sign.features.feature_shards import open_features
from sonar_sign.features.sentence_order import SentencesBefore, as_context
from sonar_sign.features.windows import windows_of
from sonar_sign.models.sign_context import Context
from sonar_sign.models.sign_hiera import SignHieraConfig
from sonar_sign.training.batches import Part, ResumableLoader, StepBatches
from sonar_sign.training.feature_augment import augment_features
from sonar_sign.training.mix import CorpusClips
from sonar_sign.training.supervision import BatchTargets, Supervision
from sonar_sign.training.video_augment import retime


@dataclass(frozen=True, eq=False)
class Batch:
    """Clips computed together: either `features` and `lengths`, or `frames` and what follows."""

    clip_ids: list[str]
    batch_targets: BatchTargets
    weight: float = 1.0
    """Factor of the batch's mean loss, see `sonar_sign.training.batches`."""
    features: Tensor | None = None
    """`(batch, n_features, feature_dim)` float32, shorter clips filled up with zeros."""
    lengths: Tensor | None = None
    """`(batch,)` features of each clip."""
    context: Context | None = None
    """Features of the sentences before; None where none are read."""
    landmarks: Tensor | None = None
    """`(batch, n_rows, landmark_dim)` float32, filled up with zeros, beside the features."""
    landmark_lengths: Tensor | None = None
    """`(batch,)` rows of each clip, 0 where it has no landmarks."""
    frames: Tensor | None = None
    """`(n_windows, n_frames, size, size, 3)` uint8, the windows of all clips in order."""
    padding_frames: Tensor | None = None
    """`(n_windows,)`; stays on the CPU, see `SignHiera.features`."""
    n_windows: list[int] | None = None
    """Windows of each clip."""

    def to(self, device: torch.device) -> "Batch":
        moved = {
            name: _moved(value, device)
            for name, value in vars(self).items()
            if isinstance(value, Tensor | Context) and name != "padding_frames"
        }
        return replace(self, batch_targets=self.batch_targets.to(device), **moved)


def _moved(value: Tensor | Context, device: torch.device) -> Tensor | Context:
    return value.to(device, non_blocking=True) if isinstance(value, Tensor) else value.to(device)


class ClipSet(Protocol):
    """The clips of a split; item `part` is the batch of its clips."""

    clip_ids: list[str]
    lengths: list[int]
    """Of each clip, in what a batch budget counts: windows, features or rows."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: Part) -> Batch: ...


class FeatureClips(Dataset):
    """Clips of feature shards; item `part` is the batch of these clips.

    Args:
        before: the sentences before each clip that are read with it.
        augmentation: how much features are changed; None leaves them alone.

    Raises:
        UserError: a shard cannot be read, or clips lack targets.
    """

    def __init__(
        self,
        shards: Sequence[Path],
        supervision: Supervision,
        before: SentencesBefore = SentencesBefore(),  # noqa: B008 (frozen)
        augmentation: FeatureAugmentOptions | None = None,
    ):
        self.shards, self.supervision = open_features(shards), supervision
        self.before, self.augmentation = before, augmentation
        # Clips that `crop` dropped have no features.
        # Every clip is read once, so that damage is reported before training and not in a worker.
        lengths = {clip_id: len(self.shards[clip_id][clip_id]) for clip_id in sorted(self.shards)}
        self.clip_ids = [clip_id for clip_id, length in lengths.items() if length]
        self.lengths = [
            sum(lengths.get(one, 0) for one in (clip_id, *before.clips.get(clip_id, ())))
            for clip_id in self.clip_ids
        ]
        supervision.require(self.clip_ids)
        any_shard = next(iter(self.shards.values()))
        self.feature_dim, self.encoder_sha256 = any_shard.dim, any_shard.encoder_sha256

    def __len__(self) -> int:
        return len(self.clip_ids)

    def __getitem__(self, part: Part) -> Batch:
        clip_ids = [self.clip_ids[number] for number in part.numbers]
        rng = np.random.default_rng(part.seed)
        clips = [self._changed(self.shards[clip_id][clip_id], rng) for clip_id in clip_ids]
        features, lengths = padded(clips)
        return Batch(
            clip_ids,
            self.supervision.batch_targets(clip_ids),
            part.weight,
            features=features,
            lengths=lengths,
            context=self._context(clip_ids, rng),
        )

    def _context(self, clip_ids: Sequence[str], rng: np.random.Generator) -> Context | None:
        if not self.before.n:
            return None
        earlier = [self.before.features(clip_id, self.shards) for clip_id in clip_ids]
        changed = [[self._changed(one, rng) for one in clips] for clips in earlier]
        return as_context(changed, self.feature_dim)

    def _changed(self, features: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        if self.augmentation is None:
            return features
        return augment_features(features.astype(np.float32), self.augmentation, rng)


class WindowClips(Dataset):
    """Clips of clip shards, decoded when asked for; item `part` is a batch.

    Args:
        augmentation: how much a clip's time is changed; None leaves it alone.

    Raises:
        UserError: a shard cannot be read, or clips lack targets.
    """

    def __init__(
        self,
        shards: Sequence[Path],
        supervision: Supervision,
        config: SignHieraConfig,
        compat: str,
        augmentation: AugmentOptions | None = None,
    ):
        self.config, self.compat, self.supervision = config, compat, supervision
        self.augmentation = augmentation
        opened = [ClipShard(path) for path in shards]
        self.shards = {clip_id: shard for shard in opened for clip_id in shard.clip_ids}
        self.clip_ids = sorted(self.shards)
        supervision.require(self.clip_ids)
        self.lengths = [self._n_windows(clip_id) for clip_id in self.clip_ids]

    def _n_windows(self, clip_id: str) -> int:
        info = self.shards[clip_id].info(clip_id)
        return len(windows_of(info.n_frames, info.fps, sampling_of(self.config), self.compat))

    def __len__(self) -> int:
        return len(self.clip_ids)

    def __getitem__(self, part: Part) -> Batch:
        clip_ids = [self.clip_ids[number] for number in part.numbers]
        rng = np.random.default_rng(part.seed)

        def order(n_frames: int) -> np.ndarray:
            if self.augmentation is None:
                return np.arange(n_frames)
            return retime(n_frames, self.augmentation, rng)

        clips = [load_windows(self.shards[c], c, self.config, self.compat, order) for c in clip_ids]
        return Batch(
            clip_ids,
            self.supervision.batch_targets(clip_ids),
            part.weight,
            frames=torch.cat([clip.frames for clip in clips]),
            padding_frames=torch.cat([clip.padding_frames for clip in clips]),
            n_windows=[len(clip.frames) for clip in clips],
        )


def training_loader(
    clips: ClipSet,
    options: TrainOptions,
    seed: int,
    corpora: Sequence[CorpusClips] = (),
) -> ResumableLoader:
    """Batches of similar length, in another order each epoch; the seed decides it.

    Args:
        corpora: how often the clips of each corpus are sampled; none: every clip once per epoch.
    """
    batches = StepBatches(
        clips.lengths,
        options.batch_size,
        seed,
        shuffle=True,
        accumulate=options.gradient_accumulation_steps,
        budget=options.batch_budget,
        corpora=corpora,
        epochs=options.epochs,
        curriculum=options.curriculum,
    )
    return ResumableLoader(clips, batches, options.num_workers)


def validation_loader(clips: ClipSet, options: TrainOptions) -> ResumableLoader:
    """The clips once, in the order of their lengths."""
    batches = StepBatches(
        clips.lengths, options.batch_size, 0, shuffle=False, budget=options.batch_budget
    )
    return ResumableLoader(clips, batches, options.num_workers)
