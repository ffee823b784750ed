"""Dealing clips to shards: stable, complete, and without captions."""

import pandas as pd
import pytest
from frames import write_table

from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import read_table
from sonar_sign.corpora.shard import COLUMNS, shard, shard_of, videos_of_shard


def manifest(path, clip_ids, text="Hello."):
    rows = [
        {"clip_id": c, "source": f"v{i % 3}.mp4", "start_s": "0.0", "end_s": "1.0"}
        | {"n_frames": "24", "fps": "24.0", "signer": "5", "text": text, "text_raw": text}
        for i, c in enumerate(clip_ids)
    ]
    write_table(path, pd.DataFrame(rows))
    return path


def deal(folder, clip_ids, n_shards=8, **options):
    folder.mkdir(exist_ok=True)
    outputs = [folder / f"{number:04d}.tsv" for number in range(n_shards)]
    shard(manifest(folder / "m.tsv", clip_ids, **options), outputs)
    return [output.read_bytes() for output in outputs]


@pytest.mark.parametrize(
    ("clip_id", "n_shards", "number"),
    # From `printf %s ID | sha256sum`: the first 16 digits, modulo the number of shards.
    [
        ("abc", 10, 0xBA7816BF8F01CFEA % 10),
        ("abc", 64, 0xEA % 64),
        ("", 256, 0x14),
        ("-fZc293MpJk_0-1-rgb_front", 1, 0),
    ],
)
def test_the_shard_of_a_clip_never_changes(clip_id, n_shards, number):
    assert shard_of(clip_id, n_shards) == number


def test_every_clip_is_in_one_shard(tmp_path):
    clip_ids = [f"clip{n}" for n in range(100)]
    deal(tmp_path, clip_ids)
    found = {}
    for number in range(8):
        table = read_table(tmp_path / f"{number:04d}.tsv", COLUMNS)
        assert tuple(table.columns) == COLUMNS
        found |= {clip_id: number for clip_id in table["clip_id"]}
    assert found == {clip_id: shard_of(clip_id, 8) for clip_id in clip_ids}
    assert len(set(found.values())) == 8


def test_ten_further_clips_change_their_shards_only(tmp_path):
    old, new = [f"clip{n}" for n in range(100)], [f"later{n}" for n in range(3)]
    before, after = deal(tmp_path / "a", old), deal(tmp_path / "b", old + new)
    changed = {number for number in range(8) if before[number] != after[number]}
    assert changed == {shard_of(clip_id, 8) for clip_id in new}


def test_a_caption_changes_no_shard(tmp_path):
    clip_ids = [f"clip{n}" for n in range(20)]
    assert deal(tmp_path / "a", clip_ids) == deal(tmp_path / "b", clip_ids, text="Goodbye.")


def test_a_shard_may_be_empty(tmp_path):
    deal(tmp_path, ["one"])
    tables = [read_table(tmp_path / f"{number:04d}.tsv", COLUMNS) for number in range(8)]
    assert sorted(len(table) for table in tables) == [0] * 7 + [1]


def test_the_videos_of_a_shard(tmp_path):
    deal(tmp_path, [f"clip{n}" for n in range(4)], n_shards=1)
    assert videos_of_shard(tmp_path / "0000.tsv", tmp_path / "root") == [
        str(tmp_path / "root" / f"v{number}.mp4") for number in range(3)
    ]


def test_a_malformed_manifest_is_refused(tmp_path):
    (tmp_path / "m.tsv").write_text("clip_id\tsource\na\tb\n")
    with pytest.raises(UserError, match="lacks the columns start_s"):
        shard(tmp_path / "m.tsv", [tmp_path / "0000.tsv"])
    assert not (tmp_path / "0000.tsv").exists()
