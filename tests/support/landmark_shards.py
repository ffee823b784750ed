"""Small landmark shards that are worth learning from, models and options for them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from small_files import write_manifest

from sonar_sign.core.files import write_json
from sonar_sign.core.options import (
    LandmarkAugmentOptions,
    LandmarkModelOptions,
    LandmarkOptions,
    TrainOptions,
)
from sonar_sign.features.feature_shards import write_features
from sonar_sign.landmarks.representation import hash_of, width

WIDTH = width(LandmarkOptions())
SHA = hash_of(LandmarkOptions())
SHAPE = LandmarkModelOptions(
    d_model=32,
    d_ff=64,
    num_heads=2,
    num_layers=1,
    num_decoder_layers=1,
    dropout=0.0,
    vocabulary_size=60,
    label_smoothing=0.0,
)
STILL = LandmarkAugmentOptions(0, 0, 0, 0, 0, 0, 0, 0)
CAPTIONS = {
    "c0": "You cut the apple.",
    "c1": "You cut the door.",
    "c2": "I wash the apple.",
    "c3": "I wash the door.",
    "c4": "The teacher finds two books.",
    "c5": "The teacher finds two doors.",
    "c6": "My friend will paint.",
    "c7": "My friend will not paint.",
}
IDS = list(CAPTIONS)
TRAINING = TrainOptions(
    epochs=60, learning_rate=1e-2, batch_size=4, warmup=0.1, eval_every=20, patience=9
)


def random_rows(clip_ids: Sequence[str], seed: int = 0) -> dict[str, np.ndarray]:
    """Clips of 9 to 20 rows, each with a way of its own."""
    rng = np.random.default_rng(seed)
    return {
        clip_id: rng.normal(size=WIDTH) + 0.1 * rng.normal(size=(rng.integers(9, 21), WIDTH))
        for clip_id in clip_ids
    }


def write_shard(
    folder: Path, name: str, clips: Mapping[str, np.ndarray], sha: str = SHA, dim: int = WIDTH
) -> Path:
    """A landmark shard with its timings; returns the `.npy`."""
    path = folder / f"{name}.npy"
    write_features(path, clips, dim, sha)
    write_json(path.with_suffix(".timings.json"), {clip: {"landmarks": 2.0} for clip in clips})
    return path


def write_corpus(folder: Path) -> tuple[Path, Path]:
    """A shard of eight clips, and the manifest with their captions."""
    manifest = write_manifest(folder / "m.tsv", IDS, list(CAPTIONS.values()))
    return write_shard(folder, "0", random_rows(IDS)), manifest
