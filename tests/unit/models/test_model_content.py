"""Checkpoints that are not what was written: one sentence from `extract`, before anything is run.

A file in which a bit is flipped is refused or gives the same model.
"""

import os
import random
import zipfile

import pytest
import torch
from checkpoint_files import damage, edit, in_pickle, repack
from small_files import write_clip_shard
from tiny_models import tiny_hiera
from typer.testing import CliRunner

from sonar_sign.cli import app
from sonar_sign.core.errors import UserError
from sonar_sign.models.checkpoint import load_sign_hiera, read_metadata, save_sign_hiera

torch.set_num_threads(1)
QKV = "blocks.0.attn.qkv.weight"


@pytest.fixture
def path(tmp_path):
    save_sign_hiera(tmp_path / "h.pth", tiny_hiera(), {"training": "stage1", "score": 0.5})
    return tmp_path / "h.pth"


def extract(path):
    clips = write_clip_shard(path.with_name("c.tar"), {})
    out = path.with_name("out")
    words = ["extract", "--clips", clips, "--checkpoint", path, "--device", "cpu"]
    words += ["--output", out / "f.npy", "--timings", out / "t.json"]
    return CliRunner().invoke(app, [*map(str, words)])


def refused(path):
    done = extract(path)
    assert isinstance(done.exception, UserError), (done.exception, done.output)
    assert str(path) in str(done.exception) and "\n" not in str(done.exception)
    assert not path.with_name("out").exists()
    return str(done.exception)


def set_weight(value, keep_hash=False):
    def change(file):
        file["model_state"][QKV][0, 0] = value

    return lambda path: edit(path, change, keep_hash)


def with_weights(make, keep_hash=False):
    def change(file):
        state = file["model_state"]
        state |= {key: make(value) for key, value in state.items()}

    return lambda path: edit(path, change, keep_hash)


def swap_tensors(path):
    def change(file):
        state = file["model_state"]
        one, other = "blocks.0.norm1.weight", "blocks.0.norm1.bias"
        state[one], state[other] = state[other], state[one]

    edit(path, change, keep_hash=True)


def deep(path):
    nested = [0]
    for _ in range(60):
        nested = [nested, nested]
    edit(path, lambda file: file.update(extra={"nested": nested}))


def cut_storage(path):
    edit(path, lambda file: None)
    repack(path, lambda name, c: c[: len(c) // 2] if name == "data/3" else c)


def small_file(path, old, new):
    torch.save({"model_state": {"w": torch.arange(4.0)}}, path)
    repack(path, in_pickle(old, new))


HOSTILE = {
    "1,000 other bytes": (damage, "not what was written"),
    "1,000 other bytes in a public file": (
        lambda path: (edit(path, lambda file: None), damage(path)),
        "checksum of its entry",
    ),
    "a weight of another program": (set_weight(7.0, keep_hash=True), "not what was written"),
    "all weights doubled": (with_weights(lambda w: 2 * w, True), "not what was written"),
    "two tensors swapped": (swap_tensors, "not what was written"),
    "metadata changed": (
        lambda path: edit(path, lambda file: file["extra"].update(score=0.9), True),
        "not what was written",
    ),
    "a hash that is none": (
        lambda path: edit(path, lambda file: file.update(content_xxh3_128=5)),
        "not what was written",
    ),
    "NaN": (set_weight(float("nan")), f"{QKV} holds NaN or infinite"),
    "minus infinity": (set_weight(float("-inf")), f"{QKV} holds NaN or infinite"),
    "NaN in half precision": (
        with_weights(lambda w: (w * float("nan")).half()),
        "holds NaN or infinite",
    ),
    "8-bit floats": (with_weights(lambda w: w.to(torch.float8_e4m3fn)), "float8"),
    "complex numbers": (with_weights(lambda w: w.to(torch.complex64)), "complex64"),
    "one number, expanded": (
        with_weights(lambda w: torch.ones(1).expand(w.shape)),
        "fewer are stored",
    ),
    "references without end": (deep, "more than 100000 values"),
    "a storage cut": (cut_storage, "tensors are larger than what it stores"),
    "a storage that declares the file's rest": (
        lambda path: small_file(path, b"K\x04t", b"K\xfft"),
        "tensors are larger than what it stores",
    ),
    "a storage that declares 8 GB": (
        lambda path: small_file(path, b"K\x04t", b"J\xff\xff\xff\x7ft"),
        "tensors are larger than what it stores",
    ),
    "a tensor that declares 8 GB": (
        lambda path: small_file(path, b"K\x00K\x04\x85", b"K\x00J\xff\xff\xff\x7f\x85"),
        "damaged",
    ),
    "a tensor of negative size": (
        lambda path: small_file(path, b"K\x00K\x04\x85", b"K\x00J\xff\xff\xff\xff\x85"),
        "damaged",
    ),
    "compressed": (
        lambda path: repack(path, lambda name, c: c, zipfile.ZIP_DEFLATED),
        "is compressed",
    ),
    "no pickle": (
        lambda path: repack(path, lambda name, c: None if name == "data.pkl" else c),
        "not a PyTorch checkpoint",
    ),
    "a storage missing": (
        lambda path: repack(path, lambda name, c: None if name == "data/3" else c),
        "not a PyTorch checkpoint",
    ),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_extract_refuses_it_in_one_sentence(path, how):
    change, words = HOSTILE[how]
    assert extract(path).exit_code == 0
    for made in path.with_name("out").iterdir():
        made.unlink()
    path.with_name("out").rmdir()
    change(path)
    assert words in refused(path)


def test_a_bomb_is_not_unpacked(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", b"\x80\x02}.")
        with archive.open("a/data/0", "w") as entry:
            for _ in range(20):
                entry.write(bytes(10 << 20))
    assert path.stat().st_size < 1 << 20
    assert "is compressed" in refused(path)


def test_a_pickle_that_is_larger_than_any(path):
    repack(path, lambda name, c: c + bytes(65 << 20) if name == "data.pkl" else c)
    assert "more than 64 MiB besides tensors" in refused(path)


def test_two_entries_of_one_name(path):
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(archive.namelist()[0], b"\x80\x02}.")
    assert "same name" in refused(path)


@pytest.mark.parametrize("has_hash", [True, False])
def test_a_flipped_bit_is_refused_or_changes_nothing(path, has_hash):
    if not has_hash:
        edit(path, lambda file: None)
    whole, rng, refused_flips = path.read_bytes(), random.Random(2), 0
    before, metadata = load_sign_hiera(path).state_dict(), read_metadata(path)
    for number in range(24):
        flipped = bytearray(whole)
        flipped[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        other = path.with_name(f"{number}.pth")
        other.write_bytes(flipped)
        try:
            assert read_metadata(other) == metadata
            found = load_sign_hiera(other).state_dict()
        except UserError:
            refused_flips += 1
        else:
            assert all(torch.equal(found[key], value) for key, value in before.items())
        os.remove(other)
    assert refused_flips > 12


def test_files_of_other_programs_are_read(path):
    # Copies, because loaded weights stay in the file.
    before = {key: value.clone() for key, value in load_sign_hiera(path).state_dict().items()}
    file = torch.load(path, weights_only=True)
    tensors_only = {key: file[key] for key in ("model_state", "config")}
    torch.save(tensors_only, path.with_name("zip.pth"))
    torch.save(tensors_only, path.with_name("old.pth"), _use_new_zipfile_serialization=False)
    for name in ("zip.pth", "old.pth"):
        found = load_sign_hiera(path.with_name(name)).state_dict()
        assert all(torch.equal(found[key], value) for key, value in before.items())
