"""What a training step is given."""

import numpy as np
import pytest
import torch
from small_files import (
    EMBEDDING_DIM,
    number_of,
    write_clip_shard,
    write_random_features,
    write_random_targets,
)
from tiny_models import HIERA

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import TrainOptions
from sonar_sign.features.feature_shards import write_features
from sonar_sign.training.batches import Part
from sonar_sign.training.data import FeatureClips, WindowClips, training_loader
from sonar_sign.training.supervision import Supervision, TargetFiles

torch.set_num_threads(1)

IDS = ["d", "b", "a", "c", "e"]


def supervision(targets, captions=None):
    return Supervision([TargetFiles("eng_Latn", [targets], [captions] if captions else [])])


@pytest.fixture
def features(tmp_path):
    found = {}
    for number, ids in enumerate((IDS[:2], IDS[2:])):
        found |= write_random_features(tmp_path / f"{number}.npy", ids, number)
    return found


@pytest.fixture
def clips(tmp_path, features):
    write_random_targets(tmp_path / "t.npy", IDS)
    return FeatureClips([tmp_path / "0.npy", tmp_path / "1.npy"], supervision(tmp_path / "t.npy"))


def test_dropped_clips_are_not_trained_on(tmp_path):
    features = {"b": np.ones((2, 4)), "a": np.ones((0, 4)), "c": np.ones((3, 4))}
    write_features(tmp_path / "0.npy", features, 4, "x")
    write_random_targets(tmp_path / "t.npy", ["b", "c"])
    clips = FeatureClips([tmp_path / "0.npy"], supervision(tmp_path / "t.npy"))
    assert (clips.clip_ids, clips.lengths) == (["b", "c"], [2, 3])


def test_a_batch_of_features(clips, features, tmp_path):
    targets = write_random_targets(tmp_path / "t.npy", IDS)
    assert clips.clip_ids == sorted(IDS) and len(clips) == 5
    assert clips.feature_dim == HIERA.feature_dim
    batch = clips[Part([3, 0], 0.5)]
    assert batch.clip_ids == ["d", "a"]
    lengths = [len(features["d"]), len(features["a"])]
    assert batch.lengths.tolist() == lengths == [clips.lengths[3], clips.lengths[0]]
    assert batch.features.shape == (2, max(lengths), HIERA.feature_dim)
    assert batch.features.dtype == batch.batch_targets.targets.dtype == torch.float32
    assert batch.weight == 0.5
    for row, clip_id, length in zip(batch.features.numpy(), "da", lengths, strict=True):
        assert np.abs(row[:length] - features[clip_id]).max() < 4e-3
        assert not row[length:].any()
    assert np.allclose(batch.batch_targets.targets[:, 0], targets[[IDS.index("d"), IDS.index("a")]])


def test_the_variance_of_the_targets(clips, tmp_path):
    targets = write_random_targets(tmp_path / "t.npy", IDS).astype(np.float32)
    expected = ((targets - targets.mean(axis=0)) ** 2).mean()
    assert clips.supervision.variance(clips.clip_ids) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("num_workers", [0, 1])
def test_the_loader_gives_every_clip_once_an_epoch(clips, num_workers):
    options = TrainOptions(batch_size=2, num_workers=num_workers)
    batches = training_loader(clips, options, 0)
    assert len(batches) == 3
    epochs = []
    for epoch in range(3):
        batches.sampler.set_epoch(epoch)
        epochs.append([batch.clip_ids for batch in batches])
        assert sorted(clip_id for ids in epochs[-1] for clip_id in ids) == sorted(IDS)
    assert epochs[0] != epochs[1] or epochs[1] != epochs[2]


def test_a_batch_of_windows(tmp_path):
    lengths = {"b": 30, "a": 3}
    shards = [
        write_clip_shard(tmp_path / f"{clip_id}.tar", {clip_id: n})
        for clip_id, n in lengths.items()
    ]
    write_random_targets(tmp_path / "t.npy", ["a", "b", "more"])
    clips = WindowClips(shards, supervision(tmp_path / "t.npy"), HIERA, "exact")
    assert clips.clip_ids == ["a", "b"]
    # A window is 15.36 frames and the next one starts 7.68 later: 0, 8, 15.
    assert clips.lengths == [1, 3]
    batch = clips[Part([1, 0], 1.0, (7,))]
    assert batch.clip_ids == ["b", "a"]
    assert batch.n_windows == [3, 1]
    assert batch.frames.shape == (4, 8, 32, 32, 3) and batch.frames.dtype == torch.uint8
    assert [number_of(window[0].numpy()) for window in batch.frames] == [0, 8, 15, 0]
    assert batch.padding_frames.shape == (4,) and batch.padding_frames[3] > 0
    assert batch.batch_targets.targets.shape == (2, 1, EMBEDDING_DIM)


def test_missing_targets_are_named(tmp_path, features):
    write_random_targets(tmp_path / "t.npy", ["a", "b", "e"])
    with pytest.raises(UserError, match="t.npy lacks 2 of 5 clips, c for one"):
        FeatureClips([tmp_path / "0.npy", tmp_path / "1.npy"], supervision(tmp_path / "t.npy"))


def test_no_clips_at_all(tmp_path):
    write_random_features(tmp_path / "0.npy", [])
    write_clip_shard(tmp_path / "0.tar", {})
    write_random_targets(tmp_path / "t.npy", ["a"])
    with pytest.raises(UserError, match="hold no clips"):
        FeatureClips([tmp_path / "0.npy"], supervision(tmp_path / "t.npy"))
    with pytest.raises(UserError, match="hold no clips"):
        WindowClips([tmp_path / "0.tar"], supervision(tmp_path / "t.npy"), HIERA, "exact")
