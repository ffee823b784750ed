"""Tensors of a file are converted without keeping their source in memory."""

import re
from pathlib import Path

import pytest
import torch
from tiny_models import ENCODER, tiny_encoder

from sonar_sign.models.checkpoint import load_sign_encoder, save_sign_encoder
from sonar_sign.models.mapped import convert_linear_layers, converted, releaser

torch.set_num_threads(1)

CPU = torch.device("cpu")
N = 10_000_000


def resident_mb(what: str) -> float:
    status = Path("/proc/self/status").read_text()
    return int(re.search(rf"{what}:\s+(\d+)", status)[1]) / 1e3


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 MB of float32."""
    path = tmp_path_factory.mktemp("mapped") / "tensors.pt"
    tensors = {"large": torch.arange(N, dtype=torch.float32), "small": torch.ones(3)}
    torch.save(tensors, path)
    return path


def test_a_source_is_given_back(file):
    tensors = torch.load(file, mmap=True, weights_only=True)
    release = releaser(file)
    before = resident_mb("RssFile")
    copy = converted(tensors["large"], CPU, torch.bfloat16, release)
    assert resident_mb("RssFile") - before < 5
    # It is read from the file again where it is needed again.
    assert torch.equal(copy, tensors["large"].bfloat16())
    assert resident_mb("RssFile") - before > 30
    assert tensors["small"].tolist() == [1, 1, 1]


def test_what_need_not_be_converted_stays_in_the_file(file):
    large = torch.load(file, mmap=True, weights_only=True)["large"]
    same = converted(large, CPU, torch.float32, releaser(file))
    assert same.data_ptr() == large.data_ptr()


@pytest.mark.parametrize("shape", [(5, 7), (1,), (0,), (3, 1, 2)])
def test_memory_of_other_tensors_is_left_alone(file, shape):
    tensor = torch.arange(float(torch.Size(shape).numel())).view(shape)
    kept = tensor.clone()
    assert torch.equal(converted(tensor, CPU, torch.float64, releaser(file)), kept.double())
    releaser(file)(tensor)
    assert torch.equal(tensor, kept)


def test_a_file_that_is_not_mapped_releases_nothing(file):
    loaded = torch.load(file, weights_only=True)["large"]
    releaser(file)(loaded)
    assert torch.equal(loaded[-3:], torch.tensor([N - 3.0, N - 2.0, N - 1.0]))


def test_linear_layers_give_what_autocast_gives(tmp_path):
    path = tmp_path / "encoder.pth"
    model = tiny_encoder()
    torch.nn.init.normal_(model.projection_out.weight, std=0.1)
    save_sign_encoder(path, model)
    features = torch.randn(3, 9, ENCODER.feature_dim, generator=torch.Generator().manual_seed(0))
    lengths = torch.tensor([9, 4, 1])
    plain, smaller = load_sign_encoder(path), load_sign_encoder(path)
    convert_linear_layers(smaller, torch.bfloat16, releaser(path))
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        expected, found = plain(features, lengths), smaller(features, lengths)
    assert torch.equal(expected, found) and expected.abs().max() > 0.01
    assert torch.equal(plain.projection_out.weight, load_sign_encoder(path).projection_out.weight)
