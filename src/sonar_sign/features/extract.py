"""`extract`: runs SignHiera over one clip shard and writes one feature shard."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from sonar_sign.clips.clip_shards import ClipShard
from sonar_sign.core.devices import PRECISIONS, choose_device, choose_precision, n_parameters
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import sha256_of, write_json
from sonar_sign.core.options import Compat, ExtractOptions
from sonar_sign.core.progress import track
from sonar_sign.core.timing import Timer
from sonar_sign.features.clip_features import clip_features
from sonar_sign.features.clip_windows import ClipWindows, load_windows
from sonar_sign.features.feature_shards import write_features
from sonar_sign.models.hiera_checkpoint import load_sign_hiera
from sonar_sign.models.mapped import convert_linear_layers, releaser
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
        checkpoint: a SignHiera checkpoint in the layout of the public one.
        output: the `.npy`; the `.parquet` goes beside it.
        timings: JSON to write: for every clip the milliseconds of `decode` and `sign_hiera`.

    Raises:
        UserError: the shard or the checkpoint cannot be used.
    """
    chosen = choose_device(device)
    choose_precision(options.precision, chosen, 0)  # raises now, not after the model is loaded
    model = load_sign_hiera(checkpoint, device=chosen)
    precision = choose_precision(options.precision, chosen, n_parameters(model))
    dtype = PRECISIONS[precision]
    if dtype is not None:
        convert_linear_layers(model, dtype, releaser(checkpoint))
    shard = ClipShard(clips)
    decode_ms: dict[str, float] = {}
    # `predict` writes an empty translation for a clip without features.
    empty = np.empty((0, model.config.feature_dim), np.float32)
    features = {clip_id: empty for clip_id in shard.dropped}
    times: dict[str, dict[str, float]] = {}
    decoded = _decoded(shard, model.config, options, chosen, decode_ms)
    for clip in clip_features(model, decoded, options.batch_units, precision):
        features[clip.clip_id] = clip.features.cpu().numpy()
        times[clip.clip_id] = {"decode": decode_ms[clip.clip_id], "sign_hiera": clip.milliseconds}
    # The timings are written first, so that features never lie there without them.
    write_json(timings, times)
    dim, made_by = model.config.feature_dim, sha256_of(checkpoint)
    write_features(output, features, dim, made_by, precision)


def _decoded(
    shard: ClipShard,
    config: SignHieraConfig,
    options: ExtractOptions,
    device: torch.device,
    decode_ms: dict[str, float],
) -> Iterator[ClipWindows]:
    """Clips in the order of the shard; with worker processes, decoded while the model computes."""
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
    """The clips of a shard, each with the milliseconds that decoding it took."""

    shard: ClipShard
    config: SignHieraConfig
    compat: Compat

    def __len__(self) -> int:
        return len(self.shard.clip_ids)

    def __getitem__(self, number: int) -> tuple[ClipWindows | UserError, float]:
        timer = Timer()
        try:
            clip = load_windows(self.shard, self.shard.clip_ids[number], self.config, self.compat)
        except UserError as error:
            # Returned, because an error raised in a worker process arrives with a long traceback.
            return error, 0.0
        return clip, timer.lap("decode")
