"""`extract`: one clip shard through SignHiera gives one feature shard."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from sonar_sign.clips.clip_shards import ClipShard
from sonar_sign.core.devices import autocast, choose_device
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import sha256_of, write_json
from sonar_sign.core.options import Compat, ExtractOptions
from sonar_sign.core.progress import track
from sonar_sign.features.clip_features import clip_features
from sonar_sign.features.clip_windows import ClipWindows, load_windows
from sonar_sign.features.feature_shards import write_features
from sonar_sign.models.hiera_checkpoint import load_sign_hiera
from sonar_sign.models.sign_hiera import SignHieraConfig


def extract(
    clips: Path,
    checkpoint: Path,
    output: Path,
    timings: Path,
    options: ExtractOptions,
    *,
    device: str = "auto",
) -> None:
    """Write `features/{encoder}/{split}/{shard}.npy`, its index and its timings.

    Args:
        clips: a clip shard.
        checkpoint: a SignHiera in the public layout.
        output: the `.npy`; the `.parquet` goes beside it.
        timings: JSON, for every clip the milliseconds of `decode` and `sign_hiera`.

    Raises:
        UserError: the shard or the checkpoint cannot be used.
    """
    chosen = choose_device(device)
    autocast(chosen, options.precision)  # says now what it would refuse later
    model = load_sign_hiera(checkpoint, device=chosen)
    shard = ClipShard(clips)
    decode_ms: dict[str, float] = {}
    # A clip without features is one that `predict` has nothing to say of.
    empty = np.empty((0, model.config.feature_dim), np.float32)
    features = {clip_id: empty for clip_id in shard.dropped}
    times: dict[str, dict[str, float]] = {}
    decoded = _decoded(shard, model.config, options, chosen, decode_ms)
    for clip in clip_features(model, decoded, options.batch_units, options.precision):
        features[clip.clip_id] = clip.features.cpu().numpy()
        times[clip.clip_id] = {"decode": decode_ms[clip.clip_id], "sign_hiera": clip.milliseconds}
    # The timings come first: where the features are, the timings are too.
    write_json(timings, times)
    write_features(output, features, model.config.feature_dim, sha256_of(checkpoint))


def _decoded(
    shard: ClipShard,
    config: SignHieraConfig,
    options: ExtractOptions,
    device: torch.device,
    decode_ms: dict[str, float],
) -> Iterator[ClipWindows]:
    """Clips in shard order, decoded ahead of the model where there are worker processes."""
    loader = DataLoader(
        _Clips(shard, config, options.compat),
        batch_size=None,
        num_workers=options.num_workers,
        pin_memory=device.type == "cuda",
    )
    for clip, milliseconds in track(loader, "Extracting features", len(shard.clip_ids)):
        if isinstance(clip, UserError):
            raise clip
        decode_ms[clip.clip_id] = milliseconds
        yield clip


@dataclass(frozen=True)
class _Clips(Dataset):
    """Clips of a shard with the milliseconds that decoding them took."""

    shard: ClipShard
    config: SignHieraConfig
    compat: Compat

    def __len__(self) -> int:
        return len(self.shard.clip_ids)

    def __getitem__(self, number: int) -> tuple[ClipWindows | UserError, float]:
        started = time.perf_counter()
        try:
            clip = load_windows(self.shard, self.shard.clip_ids[number], self.config, self.compat)
        except UserError as error:
            # Raised in a worker process it would come out with that process's traceback.
            return error, 0.0
        return clip, 1000 * (time.perf_counter() - started)
