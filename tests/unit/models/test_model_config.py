"""Configs of checkpoints: bounded, typed, and no larger than the file, before anything is built."""

import time
from dataclasses import asdict, fields
from typing import get_args, get_type_hints

import pytest
import torch
from checkpoint_files import edit
from small_files import write_clip_shard
from tiny_models import ENCODER, HIERA, tiny_encoder, tiny_hiera
from typer.testing import CliRunner

from sonar_sign.cli import app
from sonar_sign.core.errors import UserError
from sonar_sign.models.checkpoint import load_sign_encoder, save_sign_encoder, save_sign_hiera
from sonar_sign.models.landmark_translator import LandmarkConfig
from sonar_sign.models.model_config import BOUNDS, read_config
from sonar_sign.models.sign_encoder import SignEncoderConfig
from sonar_sign.models.sign_hiera import SignHieraConfig

HIERA_LIES = {
    "q_pool": [10**9, -1, True, 3.0, "3", None],
    "stages": [
        (400_000, 1, 1, 1),
        (200, 200, 1, 1),
        (1,) * 9,
        (),
        4,
        (1, 1, 1, 1.0),
        (-1, 1, 1, 3),
    ],
    "patch_stride": [(0, 4, 4), (2, 4), (2, 4, 10**12)],
    "input_size": [(8, 32, 10**7), "abc", (8, 32, float("nan"))],
    "mask_unit_attn": [(1, 1, 0, 0), (True,) * 9],
    "dim_mul": [float("inf"), float("nan"), -2.0, 0.0, 10**400],
    "head_mul": ["2", 1e9],
    "num_heads": [0, -1, 3, 10**6],
    "embed_dim": [0, 10**9, 8.5],
    "norm_eps": [0.0, -1e-6, 1.0, float("nan")],
    "mlp_ratio": [0, float("inf")],
    "sep_pos_embed": [1, "yes"],
    "further": [1],
}
ENCODER_LIES = {
    "num_layers": [400_000, 200, -1, 1.0],
    "num_decoder_layers": [400_000],
    "vocab_size": [2**62, 0],
    "d_model": [10**400, 0],
    "layer_norm_epsilon": [float("nan"), 0.0, 5.0],
    "dropout_rate": [1.0, -0.1],
    "relative_attention_num_buckets": [0, 10**9],
    "relative_attention_max_distance": [0, -5],
}
torch.set_num_threads(1)
CASES = [(name, value) for name, values in HIERA_LIES.items() for value in values]
ENCODER_CASES = [(name, value) for name, values in ENCODER_LIES.items() for value in values]


@pytest.fixture(scope="module")
def hiera_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("hiera") / "h.pth"
    save_sign_hiera(path, tiny_hiera())
    write_clip_shard(path.with_name("c.tar"), {})
    return path, path.read_bytes()


def shown(case):
    return f"{case[0]}={str(case[1])[:20]}" if isinstance(case, tuple) else None


@pytest.mark.parametrize("case", CASES, ids=shown)
def test_extract_refuses_it_at_once(hiera_file, tmp_path, case):
    path, content = hiera_file
    path.write_bytes(content)
    edit(path, lambda file: file["config"].update([case]))
    words = ["extract", "--clips", path.with_name("c.tar"), "--checkpoint", path]
    words += ["--device", "cpu", "--output", tmp_path / "f.npy", "--timings", tmp_path / "t.json"]
    start = time.process_time()
    done = CliRunner().invoke(app, [*map(str, words)])
    assert time.process_time() - start < 5  # the first one imports
    assert isinstance(done.exception, UserError), done.exception
    assert f"{path}: its entry 'config' is no SignHieraConfig (" in str(done.exception)
    assert "\n" not in str(done.exception) and len(str(done.exception)) < 500


@pytest.mark.parametrize("case", ENCODER_CASES, ids=shown)
def test_a_sign_encoders_config_is_bounded(tmp_path, case):
    path = tmp_path / "e.pth"
    save_sign_encoder(path, tiny_encoder())
    edit(path, lambda file: file["config"].update([case]))
    with pytest.raises(UserError, match="'config' is no SignEncoderConfig"):
        load_sign_encoder(path)


@pytest.mark.parametrize("given", [None, [], 7, "config", {5: 1}, {"d_model": {}}])
def test_what_is_no_config(given):
    with pytest.raises(ValueError):
        read_config(SignEncoderConfig, given)


def test_a_config_that_the_tensors_do_not_have_is_refused(tmp_path):
    path = tmp_path / "e.pth"
    save_sign_encoder(path, tiny_encoder())
    n_tensors = len(tiny_encoder().state_dict())
    edit(path, lambda file: file["config"].update(num_layers=n_tensors))
    with pytest.raises(UserError, match=f"{n_tensors + 1} blocks, and the file holds {n_tensors}"):
        load_sign_encoder(path)
    save_sign_encoder(path, tiny_encoder())
    edit(path, lambda file: file["config"].update(num_layers=2))
    with pytest.raises(UserError, match=r"missing: encoder\.block\.1\."):
        load_sign_encoder(path)


@pytest.mark.parametrize("config", [SignEncoderConfig, SignHieraConfig, LandmarkConfig])
def test_every_number_of_a_config_has_bounds(config):
    hints = get_type_hints(config)
    numbers = [
        field.name
        for field in fields(config)
        if hints[field.name] in (int, float) or {int, float} & {*get_args(hints[field.name])}
    ]
    assert len(numbers) > 5 and set(numbers) <= set(BOUNDS)


def test_real_configs_are_within_them():
    for config in (SignEncoderConfig(), SignHieraConfig(), ENCODER, HIERA):
        assert read_config(type(config), asdict(config)) == config
