"""Which clips come before a clip, across shards and corpora."""

import numpy as np
import pytest
from small_files import write_random_features

from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import write_rows
from sonar_sign.features.feature_shards import open_features, write_features
from sonar_sign.features.sentence_order import SentencesBefore


def table(path, *rows):
    """A shard's table: clip, source, start in seconds."""
    values = [(clip, source, start, start + 1.5) for clip, source, start in rows]
    write_rows(path, ("clip_id", "source", "start_s", "end_s"), values)
    return path


def test_the_clips_before_are_those_of_the_same_video_in_time(tmp_path):
    # Neither the names nor the rows nor the shards are in the order of time: 9.5 is before 10.
    first = table(tmp_path / "0.tsv", ("a", "v.mp4", 10), ("z", "v.mp4", 2), ("x", "w.mp4", 5))
    second = table(tmp_path / "1.tsv", ("b", "v.mp4", 9.5), ("y", "w.mp4", 5))
    before = SentencesBefore.read([[first, second]], 2)
    assert before.clips == {"z": (), "b": ("z",), "a": ("z", "b"), "x": (), "y": ("x",)}
    assert SentencesBefore.read([[first, second]], 1).clips["a"] == ("b",)


def test_two_corpora_may_have_a_video_of_one_name(tmp_path):
    tables = [
        table(tmp_path / f"{name}.tsv", (f"{name}1", "1.mp4", 0), (f"{name}2", "1.mp4", 4))
        for name in "ab"
    ]
    apart = SentencesBefore.read([[one] for one in tables], 2).clips
    assert apart == {"a1": (), "a2": ("a1",), "b1": (), "b2": ("b1",)}


def test_without_context_no_table_is_read(tmp_path):
    before = SentencesBefore.read([[tmp_path / "none.tsv"]], 0)
    assert before.clips == {} and before.context(["a"], {}) is None


@pytest.mark.parametrize("start, words", [("-1", "start_s"), ("nan", "start_s"), ("9", "ends at")])
def test_times_that_are_none_are_refused(tmp_path, start, words):
    path = tmp_path / "m.tsv"
    path.write_text(f"clip_id\tsource\tstart_s\tend_s\na\tv.mp4\t{start}\t3\n")
    with pytest.raises(UserError, match=rf"m\.tsv, line 2: .*{words}"):
        SentencesBefore.read([[path]], 1)


def test_the_features_of_a_batch(tmp_path):
    write_random_features(tmp_path / "0.npy", ["a", "c"], 0, dim=6)
    held = open_features([tmp_path / "0.npy"])
    sha = held["a"].encoder_sha256
    write_features(tmp_path / "1.npy", {"b": np.empty((0, 6))}, 6, sha)
    shards = open_features([tmp_path / "0.npy", tmp_path / "1.npy"])
    order = table(
        tmp_path / "m.tsv", ("a", "v", 0), ("b", "v", 2), ("c", "v", 4), ("gone", "w", 0),
        ("d", "w", 2),
    )  # fmt: skip
    before = SentencesBefore.read([[order]], 2)
    # `b` was dropped by crop and keeps its place; `gone` is in no shard at all.
    context = before.context(["c", "a", "d"], shards)
    n = shards["a"].length_of("a")
    assert context.features.shape == (3, n, 6)
    assert context.distances.tolist() == [[2] * n, [0] * n, [0] * n]
    assert np.array_equal(context.features[0].numpy(), shards["a"]["a"].astype(np.float32))
    assert not context.features[1:].any()
