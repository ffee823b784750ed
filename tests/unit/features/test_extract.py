"""`extract`: a clip shard through SignHiera."""

import json

import numpy as np
import pytest
import torch
from small_files import write_clip_shard
from tiny_models import HIERA, tiny_encoder, tiny_hiera

from sonar_sign.clips.clip_shards import ClipInfo, ClipShard, write_clips
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import sha256_of
from sonar_sign.core.options import ExtractOptions
from sonar_sign.features.clip_windows import load_windows, to_input
from sonar_sign.features.extract import extract
from sonar_sign.features.feature_shards import FeatureShard
from sonar_sign.models.checkpoint import load_sign_hiera, save_sign_encoder, save_sign_hiera

torch.set_num_threads(1)

LENGTHS = {"short": 3, "long": 70, "mid": 20, "other": 25}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A clip shard and a SignHiera checkpoint."""
    folder = tmp_path_factory.mktemp("extract")
    save_sign_hiera(folder / "hiera.pth", tiny_hiera())
    return write_clip_shard(folder / "0000.tar", LENGTHS), folder / "hiera.pth"


def run(inputs, folder, **options):
    clips, checkpoint = inputs
    output, timings = folder / "0000.npy", folder / "0000.json"
    extract(clips, checkpoint, output, timings, ExtractOptions(**options), device="cpu")
    return FeatureShard(output), json.loads(timings.read_text())


@torch.inference_mode()
def expected(inputs, clip_id, compat="ssvp_slt"):
    """A clip's features computed window after window."""
    clips, checkpoint = inputs
    model = load_sign_hiera(checkpoint)
    clip = load_windows(ClipShard(clips), clip_id, model.config, compat)
    parts = [
        model.features(to_input(window[None]), [int(padding)])[0]
        for window, padding in zip(clip.frames, clip.padding_frames, strict=True)
    ]
    return torch.cat(parts).numpy()


@pytest.mark.parametrize(
    "options", [{"batch_units": 1}, {"batch_units": 20}, {"batch_units": 999}, {"num_workers": 2}]
)
def test_batches_and_workers_change_nothing(inputs, tmp_path, options):
    shard, _ = run(inputs, tmp_path, **options)
    assert shard.clip_ids == list(LENGTHS)
    assert shard.dim == HIERA.feature_dim
    for clip_id in LENGTHS:
        features = expected(inputs, clip_id)
        assert shard[clip_id].shape == features.shape
        assert np.abs(shard[clip_id] - features).max() <= 2e-3 * np.abs(features).max()


def test_a_dropped_clip_has_no_features(inputs, tmp_path):
    dropped = ClipInfo((0, 0, 9, 9), "dropped", 0, 4, 24.0, 0, 32, 32)
    write_clips(tmp_path / "c.tar", [("gone", None, dropped)])
    shard, timings = run((tmp_path / "c.tar", inputs[1]), tmp_path)
    assert shard.clip_ids == ["gone"] and shard["gone"].shape == (0, HIERA.feature_dim)
    assert timings == {}


def test_features_know_their_encoder(inputs, tmp_path):
    shard, _ = run(inputs, tmp_path)
    assert shard.encoder_sha256 == sha256_of(inputs[1])
    assert shard.precision == "fp32"  # a model as small as this one gains nothing by bf16


def test_every_clip_is_timed(inputs, tmp_path):
    _, timings = run(inputs, tmp_path)
    assert list(timings) == list(LENGTHS)
    for times in timings.values():
        assert set(times) == {"decode", "sign_hiera"} and min(times.values()) > 0


def test_the_sampling_is_a_setting(inputs, tmp_path):
    # 16 frames at 24 a second are 16.67 windowed ones: nothing to overlap with but the start.
    shard, _ = run(inputs, tmp_path, compat="exact")
    assert len(shard["long"]) == len(expected(inputs, "long", "exact"))
    assert len(shard["long"]) != len(expected(inputs, "long"))


def test_bf16_is_close(inputs, tmp_path):
    fine, coarse = run(inputs, tmp_path)[0]["long"], run(inputs, tmp_path, precision="bf16")[0]
    assert coarse.precision == "bf16"
    error = np.abs(coarse["long"].astype(float) - fine.astype(float)).max()
    assert 0 < error < 0.1 * np.abs(fine).max()


def test_an_empty_shard_gives_an_empty_shard(inputs, tmp_path):
    clips = write_clip_shard(tmp_path / "0000.tar", {})
    shard, timings = run((clips, inputs[1]), tmp_path)
    assert (shard.clip_ids, shard.dim, timings) == ([], HIERA.feature_dim, {})


def test_mistakes_are_named_and_nothing_is_written(inputs, tmp_path):
    clips, checkpoint = inputs
    save_sign_encoder(tmp_path / "encoder.pth", tiny_encoder())
    large = write_clip_shard(tmp_path / "large.tar", {"a": 8}, size=48)
    for given, words in (
        ((tmp_path / "none.tar", checkpoint), "none.tar"),
        ((clips, tmp_path / "none.pth"), "none.pth"),
        ((clips, tmp_path / "encoder.pth"), "not a SignHiera checkpoint"),
        ((large, checkpoint), "set crop.size"),
    ):
        with pytest.raises(UserError, match=words):
            run(given, tmp_path / "out")
    for options in ({"precision": "fp8"}, {"precision": "fp16"}):
        with pytest.raises(UserError, match="[Pp]recision"):
            run(inputs, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_damaged_clip_is_one_sentence(inputs, tmp_path, num_workers):
    whole = write_clip_shard(tmp_path / "0000.tar", LENGTHS).read_bytes()
    (tmp_path / "0000.tar").write_bytes(whole.replace(b"moov", b"m00v"))
    with pytest.raises(UserError, match="damaged: clip .*delete it and crop it") as error:
        run((tmp_path / "0000.tar", inputs[1]), tmp_path / "out", num_workers=num_workers)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()
