"""Targets: an embedding a clip, checked when they are read."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hostile_shards import array_bytes, edit_header, edit_index, without_hash
from small_files import write_manifest
from training_command import IDS, command, training_files
from typer.testing import CliRunner

from sonar_sign.cli import app
from sonar_sign.core.errors import UserError
from sonar_sign.features.targets import (
    read_all_targets,
    read_targets,
    require_captions,
    verify_targets,
    write_targets,
)

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


def test_an_embedding_that_is_none_names_its_clip(tmp_path):
    with pytest.raises(UserError, match="caption of b is NaN or infinite"):
        write_targets(tmp_path / "t.npy", ["a", "b"], np.array([[1.0, 2.0], [np.inf, 0.0]]))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What training reads, with targets that know their captions; and their two files."""
    folder = training_files(tmp_path_factory.mktemp("training"))
    rows = np.random.default_rng(3).normal(size=(len(IDS), 32))
    write_targets(folder / "t.npy", IDS, rows, [f"Caption of {clip_id}." for clip_id in IDS])
    return folder, (folder / "t.npy").read_bytes(), (folder / "t.parquet").read_bytes()


@pytest.fixture
def targets(whole):
    folder, rows, index = whole
    (folder / "t.npy").write_bytes(rows)
    (folder / "t.parquet").write_bytes(index)
    write_manifest(folder / "m.tsv", IDS)
    return folder / "t.npy"


def change(path, how):
    rows = np.load(path)
    match how:
        case "shuffled":
            path.write_bytes(array_bytes(rows[::-1].copy()))
        case "ids shuffled":
            edit_index(path, clip_id=pa.array(IDS[::-1]))
        case "ids shuffled by another program":
            edit_index(path, keep_metadata=False, clip_id=pa.array(IDS[::-1]))
        case "one value":
            rows[7, 3] += 1e-3
            path.write_bytes(array_bytes(rows))
        case "float64":
            path.write_bytes(array_bytes(rows.astype(np.float64)))
        case "a column less":
            path.write_bytes(array_bytes(rows[:, :-1].copy()))
        case "a clip less":
            path.write_bytes(array_bytes(rows[:-1]))
        case "null id":
            edit_index(path, clip_id=pa.array([None, *IDS[1:]]))
        case "id twice":
            edit_index(path, clip_id=pa.array([IDS[1], *IDS[1:]]))
        case "ids are bytes":
            edit_index(path, clip_id=pa.array([clip_id.encode() for clip_id in IDS]))
        case "a header that lies":
            edit_header(path, f"({len(IDS)}, 32)", f"({len(IDS) * 2}, 16)")
        case "no hash":
            without_hash(path)
        case "a caption changed":
            texts = [f"Caption of {clip_id}." for clip_id in IDS]
            write_manifest(path.with_name("m.tsv"), IDS, ["Another.", *texts[1:]])
        case "two captions swapped":
            texts = [f"Caption of {clip_id}." for clip_id in (IDS[1], IDS[0], *IDS[2:])]
            write_manifest(path.with_name("m.tsv"), IDS, texts)
        case "a clip more":
            write_manifest(path.with_name("m.tsv"), [*IDS, "new"])


HOSTILE = """shuffled|ids shuffled|ids shuffled by another program|one value|float64|a column less
a clip less|null id|id twice|ids are bytes|a header that lies|no hash|a caption changed
two captions swapped|a clip more""".replace("\n", "|").split("|")


@pytest.mark.parametrize("how", HOSTILE)
def test_training_and_verification_refuse_targets_that_lie(targets, tmp_path, how):
    verify_targets(targets, targets.with_name("m.tsv"))
    change(targets, how)
    done = CliRunner().invoke(app, command(targets.parent, tmp_path)[1:])
    assert isinstance(done.exception, UserError), done.exception
    assert f"The file of targets {targets} cannot be used: " in str(done.exception)
    assert "\n" not in str(done.exception)
    with pytest.raises(UserError, match=str(targets)):
        verify_targets(targets, targets.with_name("m.tsv"))


def test_targets_of_unknown_captions_are_not_compared(tmp_path):
    write_targets(tmp_path / "t.npy", ["a"], EMBEDDINGS[:1])
    require_captions(tmp_path / "t.npy", {"a": "Anything."})
