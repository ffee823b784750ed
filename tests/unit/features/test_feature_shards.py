"""Feature shards: what goes in comes out, and what does not belong together is refused."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.features.feature_shards import FeatureShard, open_features, write_features


def clips(*lengths, dim=4):
    rng = np.random.default_rng(0)
    return {f"c{i}": rng.normal(size=(n, dim)).astype(np.float32) for i, n in enumerate(lengths)}


@pytest.fixture
def path(tmp_path):
    write_features(tmp_path / "0000.npy", clips(3, 1, 5), 4, "hash")
    return tmp_path / "0000.npy"


def test_what_is_written_can_be_read(path):
    shard = FeatureShard(path)
    assert shard.clip_ids == ["c0", "c1", "c2"]
    assert (shard.dim, shard.encoder_sha256) == (4, "hash")
    assert shard.lengths.tolist() == [3, 1, 5]
    for clip_id, features in clips(3, 1, 5).items():
        assert shard[clip_id].dtype == np.float16
        assert np.array_equal(shard[clip_id], features.astype(np.float16))


def test_the_documented_layout(path):
    assert np.load(path).shape == (9, 4)
    table = pq.read_table(path.with_suffix(".parquet"))
    assert table.column_names == ["clip_id", "offset", "length"]
    assert table["offset"].to_pylist() == [0, 3, 4]


def test_a_shard_may_be_empty(tmp_path):
    write_features(tmp_path / "0000.npy", {}, 7, "hash")
    shard = FeatureShard(tmp_path / "0000.npy")
    assert (shard.clip_ids, shard.dim, shard.encoder_sha256) == ([], 7, "hash")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e6])
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_a_value_that_is_none_names_its_clip(tmp_path, value):
    features = clips(2, 3, 1)
    features["c1"][2, 0] = value
    with pytest.raises(UserError, match="NaN or infinite features for clip c1"):
        write_features(tmp_path / "0000.npy", features, 4, "hash")
    assert list(tmp_path.iterdir()) == []


def broken(path, how):
    index = path.with_suffix(".parquet")
    match how:
        case "no features":
            path.unlink()
        case "no index":
            index.unlink()
        case "truncated features":
            path.write_bytes(path.read_bytes()[:-20])
        case "empty features":
            path.write_bytes(b"")
        case "no array":
            path.write_text("hello")
        case "pickle":
            np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
        case "one-dimensional":
            np.save(path, np.zeros(9, np.float16))
        case "truncated index":
            index.write_bytes(index.read_bytes()[:-20])
        case "another index":
            write_features(path.with_name("other.npy"), clips(2), 4, "hash")
            path.with_name("other.parquet").replace(index)
        case "index without lengths":
            pq.write_table(pa.table({"clip_id": ["a"], "offset": [0]}), index)


@pytest.mark.parametrize(
    "how",
    [
        "no features",
        "no index",
        "truncated features",
        "empty features",
        "no array",
        "pickle",
        "one-dimensional",
        "truncated index",
        "another index",
        "index without lengths",
    ],
)
def test_a_broken_shard_is_named(path, how):
    broken(path, how)
    with pytest.raises(UserError, match=str(path.with_suffix(""))):
        FeatureShard(path)


def test_shards_of_one_encoder(tmp_path):
    first, second = tmp_path / "0.npy", tmp_path / "1.npy"
    write_features(first, {"a": np.ones((1, 4))}, 4, "hash")
    write_features(second, {"b": np.zeros((2, 4))}, 4, "hash")
    shards = open_features([first, second])
    assert {clip_id: shard.path for clip_id, shard in shards.items()} == {"a": first, "b": second}
    assert open_features([]) == {}


def test_shards_of_two_encoders_are_refused(tmp_path):
    first, second = tmp_path / "0.npy", tmp_path / "1.npy"
    write_features(first, {"a": np.ones((1, 4))}, 4, "hash")
    write_features(second, {}, 4, "other")
    with pytest.raises(UserError, match="different checkpoints or settings") as caught:
        open_features([first, second])
    assert str(first) in str(caught.value) and str(second) in str(caught.value)


def test_a_clip_in_two_shards_is_refused(tmp_path):
    for name in ("0.npy", "1.npy"):
        write_features(tmp_path / name, {"a": np.ones((1, 4))}, 4, "hash")
    with pytest.raises(UserError, match="Clip a is in .*0.npy and .*1.npy"):
        open_features([tmp_path / "0.npy", tmp_path / "1.npy"])
