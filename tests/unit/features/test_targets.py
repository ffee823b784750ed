"""Targets: an embedding a clip, checked when they are read."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.features.targets import read_all_targets, read_targets, write_targets

EMBEDDINGS = np.arange(12, dtype=np.float64).reshape(3, 4) / 7


@pytest.fixture
def path(tmp_path):
    write_targets(tmp_path / "train.npy", ["b", "a", "é"], EMBEDDINGS)
    return tmp_path / "train.npy"


def test_what_is_written_can_be_read(path):
    targets = read_targets(path)
    assert list(targets) == ["b", "a", "é"]
    assert targets["a"].dtype == np.float32
    assert np.array_equal(targets["a"], EMBEDDINGS[1].astype(np.float32))
    assert np.load(path).shape == (3, 4)


def test_every_clip_has_one(tmp_path):
    with pytest.raises(ValueError, match="2 clips and 3 embeddings"):
        write_targets(tmp_path / "t.npy", ["a", "b"], EMBEDDINGS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "how", ["missing", "no index", "truncated", "pickle", "another index", "no ids", "nan"]
)
def test_broken_targets_are_named(path, how):
    index = path.with_suffix(".parquet")
    match how:
        case "missing":
            path.unlink()
        case "no index":
            index.unlink()
        case "truncated":
            path.write_bytes(path.read_bytes()[:-3])
        case "pickle":
            np.save(path, np.array([None, 1, 2], dtype=object), allow_pickle=True)
        case "another index":
            pq.write_table(pa.table({"clip_id": ["a", "b"]}), index)
        case "no ids":
            pq.write_table(pa.table({"id": ["a", "b", "c"]}), index)
        case "nan":
            np.save(path, np.where(EMBEDDINGS > 1, np.nan, EMBEDDINGS))
    with pytest.raises(UserError, match=str(path.with_suffix(""))):
        read_targets(path)


def test_several_corpora(path, tmp_path):
    write_targets(tmp_path / "other.npy", ["x"], EMBEDDINGS[:1])
    together = read_all_targets([path, tmp_path / "other.npy"])
    assert together.keys() == read_targets(path).keys() | {"x"}
    with pytest.raises(UserError, match="3 clip ids of another corpus"):
        read_all_targets([path, path])
