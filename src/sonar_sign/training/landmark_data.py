"""The clips of a training step: augmented landmarks, with their captions."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import LandmarkAugmentOptions
from sonar_sign.core.padding import padded
from sonar_sign.features.feature_shards import open_features
from sonar_sign.training.batches import Part
from sonar_sign.training.data import Batch
from sonar_sign.training.landmark_augment import augment
from sonar_sign.training.supervision import BatchTargets


class LandmarkClips(Dataset):
    """Clips of landmark shards; item `part` is the batch of these clips.

    Args:
        shards: clips without usable landmarks are left out.
        captions: by clip id.
        language: FLORES code of the captions.
        augmentation: how much landmarks are changed; None: not at all.

    Raises:
        UserError: a shard cannot be read, there are no landmarks, or clips lack captions.
    """

    def __init__(
        self,
        shards: Sequence[Path],
        captions: Mapping[str, str],
        language: str,
        augmentation: LandmarkAugmentOptions | None = None,
    ):
        self.shards, self.captions, self.language = open_features(shards), captions, language
        self.augmentation = augmentation
        # Every clip is read once, so that damage is reported before training and not in a worker.
        lengths = {clip_id: len(self.shards[clip_id][clip_id]) for clip_id in sorted(self.shards)}
        self.clip_ids = [clip_id for clip_id, length in lengths.items() if length]
        self.lengths = [lengths[clip_id] for clip_id in self.clip_ids]
        if not self.clip_ids:
            raise UserError(
                f"{shards[0]} and its like hold no landmarks: no clip has usable keypoints, see "
                "the .counts.json beside it."
                if self.shards
                else "The landmark shards given for training or validation hold no clips."
            )
        missing = [clip_id for clip_id in self.clip_ids if clip_id not in captions]
        if missing:
            raise UserError(
                f"{len(missing)} of {len(self.clip_ids)} clips have no caption, {missing[0]} for "
                "one; prepare the corpus again."
            )
        any_shard = next(iter(self.shards.values()))
        self.feature_dim, self.sha256 = any_shard.dim, any_shard.encoder_sha256

    def __len__(self) -> int:
        return len(self.clip_ids)

    def __getitem__(self, part: Part) -> Batch:
        clip_ids = [self.clip_ids[number] for number in part.numbers]
        rng = np.random.default_rng(part.seed)
        clips = [self.shards[clip_id][clip_id].astype(np.float32) for clip_id in clip_ids]
        if self.augmentation is not None:
            clips = [augment(clip, self.augmentation, rng) for clip in clips]
        rows, lengths = padded(clips)
        nothing = torch.zeros(len(clips), 1, 0)
        captions = {self.language: [self.captions[clip_id] for clip_id in clip_ids]}
        batch_targets = BatchTargets(nothing, torch.ones(len(clips), 1, dtype=torch.bool), captions)
        return Batch(clip_ids, batch_targets, part.weight, features=rows, lengths=lengths)

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each column over all rows, `(feature_dim,)` float32."""
        total, squares, n = np.zeros(self.feature_dim), np.zeros(self.feature_dim), 0
        for clip_id in self.clip_ids:
            rows = self.shards[clip_id][clip_id].astype(np.float64)
            total, squares, n = total + rows.sum(0), squares + (rows**2).sum(0), n + len(rows)
        mean = total / n
        deviation = np.sqrt(np.maximum(squares / n - mean**2, 0))
        return torch.from_numpy(mean).float(), torch.from_numpy(deviation).float()
