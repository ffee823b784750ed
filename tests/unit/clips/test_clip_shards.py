"""Clip shards: what goes in comes out, at random, and what is broken is named."""

import io
import json
import random
import tarfile
from dataclasses import replace

import numpy as np
import pytest
from small_files import number_of, numbered, write_clip_shard
from typer.testing import CliRunner

from sonar_sign.cli import app
from sonar_sign.clips.clip_shards import ClipInfo, ClipShard, verify_clips, write_clips
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


def repack(path, change):
    """Write a shard's members anew, each one as `change(member, content)` gives them."""
    with tarfile.open(path) as tar:
        members = [(member, tar.extractfile(member).read()) for member in tar.getmembers()]
    with tarfile.open(path, "w") as tar:
        for member, content in members:
            for new, bytes_of in change(member, content):
                new.size = len(bytes_of) if new.type == tarfile.REGTYPE else 0
                tar.addfile(new, io.BytesIO(bytes_of))


def renamed(names):
    def change(member, content):
        stem, _, suffix = member.name.rpartition(".")
        member.name = f"{names.get(stem, stem)}.{suffix}"
        return [(member, content)]

    return change


def info_with(**values):
    """The info of clip `a`, without a hash, with other values; None removes one."""

    def change(member, content):
        if member.name == "a.json":
            record = json.loads(content) | values
            del record["xxh3_128"]
            content = json.dumps({k: v for k, v in record.items() if v is not None}).encode()
        return [(member, content)]

    return change


def in_member(name, old, new):
    def change(member, content):
        return [(member, content.replace(old, new) if member.name == name else content)]

    return change


def as_link(member, content):
    if member.name == "b.mp4":
        member.type, member.linkname = tarfile.SYMTYPE, "a.mp4"
    return [(member, content)]


HOSTILE = {
    "names swapped": renamed({"a": "b", "b": "a"}),
    "a path": renamed({"a": "../a"}),
    "no name": renamed({"a": ""}),
    "a damaged video": in_member("a.mp4", b"moov", b"m00v"),
    "another rate in the info": in_member("a.json", b"24.0", b"25.0"),
    "another box in the info": in_member("a.json", b"32", b"64"),
    "every member twice": lambda member, content: [(member, content)] * 2,
    "a video less": lambda m, content: [] if m.name == "a.mp4" else [(m, content)],
    "an info less": lambda m, content: [] if m.name == "a.json" else [(m, content)],
    "a link": as_link,
    "no JSON": in_member("a.json", b"{", b"["),
    "no JSON object": lambda m, c: [(m, b"7" if m.name == "a.json" else c)],
    "no rate": info_with(fps=None),
    "a rate of NaN": info_with(fps=float("nan")),
    "a rate as text": info_with(fps="24"),
    "a rate of zero": info_with(fps=0),
    "a billion frames": info_with(n_frames=10**9),
    "a frame more": info_with(n_frames=13),
    "true frames": info_with(n_frames=True),
    "half a box": info_with(box=[0, 0]),
    "a box as text": info_with(box="0032"),
    "another size": info_with(width=64),
    "an unknown value": info_with(pickle="x"),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_a_shard_that_lies_is_refused(tmp_path, how):
    path = write_clip_shard(tmp_path / "s.tar", {"a": 12, "b": 12})
    assert verify_clips(path).clip_ids == ["a", "b"]
    repack(path, HOSTILE[how])
    with pytest.raises(UserError) as caught:
        verify_clips(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("how", ["names swapped", "a rate of zero", "a damaged video", "a link"])
def test_extract_refuses_it_in_one_sentence(tmp_path, how):
    import torch
    from tiny_models import tiny_hiera

    from sonar_sign.models.checkpoint import save_sign_hiera

    torch.set_num_threads(1)
    path = write_clip_shard(tmp_path / "s.tar", {"a": 12, "b": 12})
    repack(path, HOSTILE[how])
    save_sign_hiera(tmp_path / "h.pth", tiny_hiera())
    words = ["extract", "--clips", path, "--checkpoint", tmp_path / "h.pth", "--device", "cpu"]
    words += ["--output", tmp_path / "out/f.npy", "--timings", tmp_path / "out/t.json"]
    done = CliRunner().invoke(app, [*map(str, words)])
    assert isinstance(done.exception, UserError), (done.exception, done.output)
    assert f"Clip shard {path} " in str(done.exception)
    assert not (tmp_path / "out").exists()


def test_a_flipped_bit_is_noticed_or_changes_nothing(tmp_path):
    path = write_clip_shard(tmp_path / "s.tar", {"a": 3, "b": 3})
    whole, rng, refused = path.read_bytes(), random.Random(1), 0

    def content():
        shard = ClipShard(path)
        return [(name, shard.video(name), shard.info(name)) for name in shard.clip_ids]

    before = content()
    for _ in range(200):
        flipped = bytearray(whole)
        flipped[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        path.write_bytes(flipped)
        try:
            assert content() == before
        except UserError:
            refused += 1
    assert refused > 50


def test_a_shard_of_before_clips_were_hashed_is_read(tmp_path):
    path = write_clip_shard(tmp_path / "s.tar", {"a": 12, "b": 12})
    repack(path, info_with())
    assert verify_clips(path).info("a") == verify_clips(path).info("b")
