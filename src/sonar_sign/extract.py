"""`extract`: one clip shard through SignHiera gives one feature shard."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from sonar_sign.clip_windows import ClipWindows, load_windows, to_input
from sonar_sign.clips import ClipShard
from sonar_sign.features import write_features
from sonar_sign.files import sha256_of, write_json
from sonar_sign.models.hiera_checkpoint import load_sign_hiera
from sonar_sign.models.sign_hiera import SignHiera
from sonar_sign.options import ExtractOptions
from sonar_sign.progress import track
from sonar_sign.runtime import autocast, choose_device


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
    model = load_sign_hiera(checkpoint, device=choose_device(device))
    features: dict[str, np.ndarray] = {}
    times: dict[str, dict[str, float]] = {}
    shard = ClipShard(clips)
    for batch in _batches(shard, model, options, times):
        features.update(_forward(model, batch, options, times))
    # The timings come first: where the features are, the timings are too.
    write_json(timings, times)
    write_features(output, features, model.config.feature_dim, sha256_of(checkpoint))


def _batches(
    shard: ClipShard, model: SignHiera, options: ExtractOptions, times: dict
) -> Iterator[list[ClipWindows]]:
    """Clips in shard order, as many as hold `batch_windows` windows, or one longer clip."""
    batch: list[ClipWindows] = []
    for clip_id in track(shard.clip_ids, "Extracting features", len(shard.clip_ids)):
        started = time.perf_counter()
        clip = load_windows(shard, clip_id, model.config, options.compat)
        times[clip_id] = {"decode": 1000 * (time.perf_counter() - started)}
        n_windows = sum(len(other.frames) for other in batch)
        if batch and n_windows + len(clip.frames) > options.batch_windows:
            yield batch
            batch = []
        batch.append(clip)
    if batch:
        yield batch


@torch.inference_mode()
def _forward(
    model: SignHiera, batch: list[ClipWindows], options: ExtractOptions, times: dict
) -> dict[str, np.ndarray]:
    """The features of a batch of clips, `(n_units, dim)` each."""
    device = next(model.parameters()).device
    started = time.perf_counter()
    frames = to_input(np.concatenate([clip.frames for clip in batch]), device)
    padding = torch.as_tensor(np.concatenate([clip.padding_frames for clip in batch]))
    with autocast(device, options.precision):
        windows = [window.float().cpu().numpy() for window in model.features(frames, padding)]
    # A batch's time is shared out by windows: what a clip costs, not how long it waited.
    window_ms = 1000 * (time.perf_counter() - started) / len(frames)
    features, first = {}, 0
    for clip in batch:
        n_windows = len(clip.frames)
        features[clip.clip_id] = np.concatenate(windows[first : first + n_windows])
        times[clip.clip_id]["sign_hiera"] = n_windows * window_ms
        first += n_windows
    return features
