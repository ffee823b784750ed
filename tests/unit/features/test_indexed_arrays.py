"""Features that lie: whatever is wrong with the array or its index is one sentence in training."""

import numpy as np
import pyarrow as pa
import pytest
from hostile_shards import array_bytes, edit_header, edit_index, without_hash
from small_files import write_random_features
from training_command import IDS, command, training_files
from typer.testing import CliRunner

from sonar_sign.cli import app
from sonar_sign.core.errors import UserError
from sonar_sign.features.feature_shards import FeatureShard, verify_features


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A shard's two files, and what training needs beside them."""
    folder = training_files(tmp_path_factory.mktemp("whole"))
    return folder, (folder / "f.npy").read_bytes(), (folder / "f.parquet").read_bytes()


@pytest.fixture
def shard(whole):
    folder, rows, index = whole
    path = folder / "f.npy"
    path.write_bytes(rows)
    path.with_suffix(".parquet").write_bytes(index)
    return path


def integers(values):
    return pa.array(values, pa.int64())


def of(path):
    found = FeatureShard(path)
    return np.array(found.rows(0, len(found))), found.lengths.copy()


def swap_two_equal_clips(path):
    """Two clips with as many features each change places in the index: all sums stay."""
    _, lengths = of(path)
    first = next(i for i in range(len(IDS)) if (lengths == lengths[i]).sum() > 1)
    second = first + 1 + int(np.argmax(lengths[first + 1 :] == lengths[first]))
    ids = [*IDS]
    ids[first], ids[second] = ids[second], ids[first]
    edit_index(path, clip_id=pa.array(ids))


def change(path, how):
    rows, lengths = of(path)
    offsets = np.cumsum(lengths) - lengths
    n = len(IDS)
    match how:
        case "reversed offsets":
            edit_index(path, offset=integers(offsets[::-1]))
        case "negative offset":
            edit_index(path, offset=integers([-5, *offsets[1:]]))
        case "overlapping clips":
            edit_index(path, offset=integers([0, *(offsets[1:] - 1)]))
        case "offset beyond the file":
            edit_index(path, offset=integers([*offsets[:-1], 10**12]))
        case "negative length":
            edit_index(path, length=integers([-1, lengths[0] + lengths[1] + 1, *lengths[2:]]))
        case "lengths that overflow":
            edit_index(path, length=integers([2**62] * 4 + [*lengths[4:]]))
        case "lengths moved between clips":
            moved = integers([lengths[0] + 1, lengths[1] - 1, *lengths[2:]])
            starts = integers([0, offsets[1] + 1, *offsets[2:]])
            edit_index(path, length=moved, offset=starts)
        case "clips swapped":
            swap_two_equal_clips(path)
        case "null offset":
            edit_index(path, offset=integers([None, *offsets[1:]]))
        case "null id":
            edit_index(path, clip_id=pa.array([None, *IDS[1:]]))
        case "id twice":
            edit_index(path, clip_id=pa.array([IDS[1], *IDS[1:]]))
        case "empty id":
            edit_index(path, clip_id=pa.array(["", *IDS[1:]]))
        case "id of 300 KB":
            edit_index(path, clip_id=pa.array(["x" * 300_000, *IDS[1:]]))
        case "ids are numbers":
            edit_index(path, clip_id=integers(range(n)))
        case "ids are large strings":
            edit_index(path, clip_id=pa.array(IDS, pa.large_string()))
        case "offsets are floats":
            edit_index(path, offset=pa.array(offsets.astype(float)))
        case "offsets are texts":
            edit_index(path, offset=pa.array([str(value) for value in offsets]))
        case "lengths are lists":
            edit_index(path, length=pa.array([[int(value)] for value in lengths]))
        case "no offsets":
            edit_index(path, offset=None)
        case "one more column":
            edit_index(path, source=pa.array(IDS))
        case "index of another program":
            edit_index(path, keep_metadata=False)
        case "index of another shard":
            other = path.with_name("other.npy")
            write_random_features(other, IDS, seed=9)
            other.with_suffix(".parquet").replace(path.with_suffix(".parquet"))
        case "another shard's array":
            path.write_bytes(array_bytes(rows[::-1].copy()))
        case "one bit":
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 4
            path.write_bytes(content)
        case "NaN":
            rows[5] = np.nan
            path.write_bytes(array_bytes(rows))
        case "cut":
            path.write_bytes(path.read_bytes()[:-64])
        case "longer":
            path.write_bytes(path.read_bytes() + bytes(128))
        case "float32":
            path.write_bytes(array_bytes(rows.astype(np.float32)))
        case "big endian":
            path.write_bytes(array_bytes(rows.astype(">f2")))
        case "integers":
            path.write_bytes(array_bytes(rows.view(np.int16)))
        case "objects":
            path.write_bytes(array_bytes(np.array([{}, None], dtype=object)))
        case "records":
            path.write_bytes(array_bytes(np.zeros(9, [("a", "f2"), ("b", "f2")])))
        case "Fortran order":
            path.write_bytes(array_bytes(np.asfortranarray(rows)))
        case "three dimensions":
            path.write_bytes(array_bytes(rows[:, None]))
        case "no dimensions":
            path.write_bytes(array_bytes(rows[:, :0]))
        case "a header that lies about rows":
            edit_header(path, f"({len(rows)}, 64)", f"({len(rows) * 2}, 32)")
        case "a header of a terabyte":
            edit_header(path, f"({len(rows)}, 64), }}", "(9999999, 64)}")
        case "a header of negative rows":
            edit_header(path, f"({len(rows)}, 64), }}", "(-4, -64)}")


HOSTILE = """reversed offsets|negative offset|overlapping clips|offset beyond the file
negative length|lengths that overflow|lengths moved between clips|clips swapped|null offset
null id|id twice|empty id|id of 300 KB|ids are numbers|ids are large strings|offsets are floats
offsets are texts|lengths are lists|no offsets|one more column|index of another program
index of another shard|another shard's array|one bit|NaN|cut|longer|float32|big endian|integers
objects|records|Fortran order|three dimensions|no dimensions|a header that lies about rows
a header of a terabyte|a header of negative rows""".replace("\n", "|").split("|")
# What only the hash can tell.
NEEDS_HASH = {
    "lengths moved between clips",
    "clips swapped",
    "index of another shard",
    "another shard's array",
    "one bit",
    "a header that lies about rows",
}


def train(folder, out):
    return CliRunner().invoke(app, command(folder, out)[1:])


@pytest.mark.parametrize("how", HOSTILE)
def test_training_refuses_it_in_one_sentence(shard, tmp_path, how):
    change(shard, how)
    done = train(shard.parent, tmp_path)
    assert isinstance(done.exception, UserError), done.exception
    message = str(done.exception)
    assert str(shard.with_suffix("")) in message
    assert "\n" not in message and len(message) < 700
    assert not (tmp_path / "best.pt").exists()


@pytest.mark.parametrize("how", [how for how in HOSTILE if how not in NEEDS_HASH])
def test_a_shard_without_a_hash_is_checked_as_far_as_can_be(shard, how):
    without_hash(shard)
    change(shard, how)
    with pytest.raises(UserError, match=str(shard.with_suffix(""))):
        verify_features(shard)


def test_a_shard_without_a_hash_is_read(shard):
    rows, _ = of(shard)
    without_hash(shard)
    found = FeatureShard(shard)
    assert not found.has_hash and FeatureShard(shard).clip_ids == IDS
    assert np.array_equal(found.rows(0, len(found)), rows)
    assert verify_features(shard).clip_ids == IDS


def test_a_shard_without_a_hash_has_its_values_checked_when_read(shard):
    without_hash(shard)
    change(shard, "NaN")
    with pytest.raises(UserError, match=f"NaN or infinite features of clip {IDS[0]}|{IDS[1]}"):
        _ = [FeatureShard(shard)[clip_id] for clip_id in IDS[:2]]


def test_a_folder_called_like_a_column_is_none(tmp_path):
    path = tmp_path / "seed=3/0000.npy"
    path.parent.mkdir()
    write_random_features(path, ["a"])
    assert verify_features(path).clip_ids == ["a"]
