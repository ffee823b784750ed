"""Clip shards: what goes in comes out, at random, and what is broken is named."""

import tarfile
from dataclasses import replace

import numpy as np
import pytest
from small_files import number_of, numbered, write_clip_shard

from sonar_sign.clips.clip_shards import ClipInfo, ClipShard, write_clips
from sonar_sign.core.errors import UserError
from sonar_sign.core.video import encode_clip

INFO = ClipInfo((-3, 0, 29, 32), "fallback", 0, 4, 23.976024, 12, 32, 32)


def video(first=0, n_frames=12):
    return encode_clip([numbered(n) for n in range(first, first + n_frames)], 24.0, 18)


def test_what_is_written_can_be_read(tmp_path):
    # Names of more than 100 bytes need tar's extensions.
    names = ["b", "a", "手" * 66, "x" * 150]
    clips = [(name, video(20 * n), INFO) for n, name in enumerate(names)]
    write_clips(tmp_path / "s.tar", clips)
    shard = ClipShard(tmp_path / "s.tar")
    assert shard.clip_ids == names
    for n, name in enumerate(names):
        assert shard.info(name) == INFO
        frames = shard.frames(name, np.array([11, 0, 5, 5]))
        assert [number_of(frame) for frame in frames] == [20 * n + i for i in (11, 0, 5, 5)]


def test_any_tar_program_can_read_it(tmp_path):
    write_clips(tmp_path / "s.tar", [("a", video(), INFO)])
    with tarfile.open(tmp_path / "s.tar") as tar:
        assert tar.getnames() == ["a.mp4", "a.json"]
        assert tar.extractfile("a.mp4").read() == video()


def test_equal_clips_make_equal_files(tmp_path):
    for name in ("one.tar", "two.tar"):
        write_clips(tmp_path / name, [("a", video(), INFO)])
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def test_a_shard_may_be_empty(tmp_path):
    write_clips(tmp_path / "s.tar", [])
    assert ClipShard(tmp_path / "s.tar").clip_ids == []


def test_a_dropped_clip_has_no_video(tmp_path):
    dropped = replace(INFO, box_from="dropped", n_frames=0)
    write_clips(tmp_path / "s.tar", [("a", None, dropped), ("b", video(), INFO)])
    shard = ClipShard(tmp_path / "s.tar")
    assert (shard.clip_ids, shard.dropped) == (["b"], ["a"])
    assert shard.info("a") == dropped


def test_a_writer_that_fails_leaves_no_shard(tmp_path):
    def clips():
        yield "a", video(), INFO
        raise UserError("the second video is broken")

    with pytest.raises(UserError, match="second"):
        write_clips(tmp_path / "s.tar", clips())
    assert list(tmp_path.iterdir()) == []


def test_a_shard_that_is_cut_off_anywhere_is_refused(tmp_path):
    path = write_clip_shard(tmp_path / "s.tar", {"a": 12, "b": 12})
    whole = path.read_bytes()
    with tarfile.open(path) as tar:
        starts = [member.offset for member in tar.getmembers()]
    for length in (0, 1, 300, 700, *starts[1:], starts[2] + 100, starts[3] + 512, len(whole) // 2):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match=f"Clip shard {path} .* crop it again"):
            ClipShard(path)


def test_what_is_no_shard_is_refused(tmp_path):
    path = tmp_path / "s.tar"
    with pytest.raises(UserError, match="cannot be read"):
        ClipShard(path)
    path.write_text("<!DOCTYPE html>" * 1000)
    with pytest.raises(UserError, match="cannot be read"):
        ClipShard(path)


def test_a_clip_that_cannot_be_decoded_is_named(tmp_path):
    write_clips(tmp_path / "s.tar", [("good", video(), INFO), ("bad", video()[:200], INFO)])
    shard = ClipShard(tmp_path / "s.tar")
    shard.frames("good", np.array([0]))
    with pytest.raises(UserError, match="Clip bad in .* cannot be decoded"):
        shard.frames("bad", np.array([0]))
    with pytest.raises(UserError, match=r"Clip good .* \(frame 12 cannot be decoded\)"):
        shard.frames("good", np.array([12]))
