"""Shards, targets and statistics: a damaged file is refused, or what it gives is what was written.

The readers run in a process of their own, because PyArrow's is native code.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from comparison_files import IDS, REFERENCES, comparison_folder, corrupted, metrics
from fuzz_worker import Worker
from fuzzing import assert_sentence, fresh_folder
from hypothesis import example, given
from hypothesis import strategies as st
from mutations import EDITS, Edit, changed, damaged
from small_files import write_clip_shard, write_random_features, write_random_targets

from sonar_sign.clips.clip_shards import ClipShard
from sonar_sign.core.errors import UserError
from sonar_sign.evaluation.metrics_files import read_metrics
from sonar_sign.features.feature_shards import verify_features
from sonar_sign.features.targets import read_targets

CLIPS = ["one", "two", "three"]


def features_of(path: Path) -> dict[str, bytes]:
    shard = verify_features(path)
    return {clip_id: shard[clip_id].tobytes() for clip_id in shard.clip_ids}


def targets_of(path: Path) -> dict[str, bytes]:
    return {clip_id: target.tobytes() for clip_id, target in read_targets(path).items()}


def clips_of(path: Path) -> dict[str, tuple]:
    shard = ClipShard(path)
    return {clip_id: (shard.video(clip_id), shard.info(clip_id)) for clip_id in shard.clip_ids}


def metrics_of(path: Path) -> dict[str, object]:
    scores = read_metrics(path)
    clips = scores.clips
    texts = (clips.clip_ids, clips.sources, clips.references, clips.predictions)
    values = {name: metric.statistics.tobytes() for name, metric in scores.metrics.items()}
    return {"texts": texts, "statistics": values}


READERS = {"features": features_of, "targets": targets_of, "clips": clips_of, "metrics": metrics_of}
worker = Worker(lambda kind, path: READERS[kind](Path(path)), (UserError,))


@pytest.fixture(scope="module", autouse=True)
def _end_the_worker():
    yield
    worker.close()


def files_of(kind: str) -> dict[str, bytes]:
    """The files of one result by name; the first is the one that is opened."""
    with fresh_folder() as folder:
        if kind == "features":
            write_random_features(folder / "0000.npy", CLIPS, dim=4)
        elif kind == "targets":
            write_random_targets(folder / "0000.npy", CLIPS, dim=4)
        elif kind == "clips":
            write_clip_shard(folder / "0000.tar", dict.fromkeys(CLIPS, 3))
        else:
            metrics(comparison_folder(folder), "A", corrupted(REFERENCES, 0.2))
        where = folder / "metrics" if kind == "metrics" else folder
        return {path.name: path.read_bytes() for path in sorted(where.iterdir())}


FILES = {kind: files_of(kind) for kind in READERS}
OPENED = {"features": "0000.npy", "targets": "0000.npy", "clips": "0000.tar", "metrics": "A.json"}


def read(kind: str, files: dict[str, bytes]) -> object:
    """What a reader gives, None where it refuses; the files stay as they are."""
    with fresh_folder() as folder:
        for name, content in files.items():
            (folder / name).write_bytes(content)
        found, refusal = worker(kind, str(folder / OPENED[kind]))
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    if refusal is not None:
        assert_sentence(refusal)
    return found


@cache
def intact(kind: str) -> object:
    """What the reader gives of the files as they were written."""
    found = read(kind, FILES[kind])
    assert found
    return found


@pytest.mark.parametrize("kind", ["features", "targets"])
@given(edits=EDITS, of_index=st.booleans())
@example(edits=[Edit("flip", 10, 0)], of_index=False)  # NumPy raised SyntaxError
def test_a_damaged_array_or_index_is_refused_or_reads_as_written(kind, edits, of_index):
    name = "0000.parquet" if of_index else "0000.npy"
    other = FILES["targets" if kind == "features" else "features"][name]
    files = {**FILES[kind], name: damaged(FILES[kind][name], edits, other)}
    assert read(kind, files) in (None, intact(kind))


@given(edits=EDITS)
def test_a_damaged_clip_shard_is_refused_or_its_clips_are_as_written(edits):
    files = {"0000.tar": damaged(FILES["clips"]["0000.tar"], edits)}
    found = read("clips", files)
    if found is not None:
        assert found.items() <= intact("clips").items()


@given(edits=EDITS)
def test_damaged_statistics_are_refused_or_read_as_written(edits):
    files = {**FILES["metrics"], "A.npz": damaged(FILES["metrics"]["A.npz"], edits)}
    assert read("metrics", files) in (None, intact("metrics"))


@given(record=changed(json.loads(FILES["metrics"]["A.json"])))
def test_a_metrics_file_of_other_values_has_the_same_clips_or_is_refused(record):
    files = {**FILES["metrics"], "A.json": json.dumps(record).encode()}
    found = read("metrics", files)
    if found is not None:
        assert found["texts"] == intact("metrics")["texts"]
        assert len(found["texts"][0]) == len(IDS)


_NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\\\0"), min_size=1, max_size=20)


@given(
    clips=st.dictionaries(
        _NAMES, st.lists(st.floats(-100, 100, width=16), max_size=4).map(np.array), max_size=5
    )
)
def test_what_is_written_as_features_reads_back(clips):
    from sonar_sign.features.feature_shards import write_features

    written = {name: values.reshape(-1, 1).astype(np.float16) for name, values in clips.items()}
    with fresh_folder() as folder:
        write_features(folder / "a.npy", written, 1, "sha")
        found = features_of(folder / "a.npy")
    assert found == {name: values.tobytes() for name, values in written.items()}
