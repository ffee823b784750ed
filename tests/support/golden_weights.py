"""Weights and inputs of the golden vectors, rebuilt by the rules of their README.txt."""

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from sonar_sign.models.sign_encoder import SignEncoder, SignEncoderConfig
from sonar_sign.models.sign_hiera import SignHiera, SignHieraConfig

GOLDEN = Path(__file__).parents[1] / "data" / "golden"
META = json.loads((GOLDEN / "tiny_meta.json").read_text())
STD = {"s002": 0.02, "s020": 0.2}
FRAMES_SHAPE = (6, 3, 32, 64, 64)
TIED = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight")


def draw(name: str, shape: tuple[int, ...], std: float = 1.0) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    return np.random.Generator(np.random.PCG64(seed)).standard_normal(shape) * std


def inputs(*shape: int) -> Tensor:
    return torch.from_numpy(draw("input", shape).astype(np.float32))


def fill(model: nn.Module, std: float) -> None:
    state = model.state_dict()
    for key, tensor in state.items():
        value = draw("shared.weight" if key in TIED else key, tuple(tensor.shape), std)
        owner, _, leaf = key.rpartition(".")
        if leaf == "weight" and "norm" in owner.rpartition(".")[2]:
            value = 1 + value
        if leaf == "feature_proj_scale":
            value = value.astype(np.float32) + np.float32(1)
        tensor.copy_(torch.from_numpy(value.astype(np.float32)))


def weights_sha256(model: nn.Module) -> str:
    digest = hashlib.sha256()
    for key, tensor in model.state_dict().items():
        digest.update(key.encode() + b"\0" + tensor.numpy().tobytes())
    return digest.hexdigest()


def arrays(name: str) -> dict[str, Tensor]:
    return {key: torch.from_numpy(value) for key, value in np.load(GOLDEN / name).items()}


def layout(name: str) -> tuple[dict, dict[str, tuple[int, ...]]]:
    file = json.loads((GOLDEN / name).read_text())
    return file["meta"], {key: tuple(value["shape"]) for key, value in file["keys"].items()}


def tiny_hiera(size: str = "s020") -> SignHiera:
    model = SignHiera(SignHieraConfig(**META["tiny_signhiera_config"])).eval()
    fill(model, STD[size])
    assert weights_sha256(model) == META[f"tiny_signhiera_{size}"]["weights_sha256"]
    return model


def tiny_encoder(size: str = "s020") -> SignEncoder:
    given = META["tiny_sonar_signt5_config"]
    fields = {k: given[k] for k in SignEncoderConfig.__dataclass_fields__ if k in given}
    model = SignEncoder(SignEncoderConfig(**fields, embedding_dim=given["output_dim"])).eval()
    fill(model, STD[size])
    assert weights_sha256(model) == META[f"tiny_sonar_signt5_{size}"]["weights_sha256"]
    return model


def assert_close(found: Tensor, expected: Tensor, tolerance: float = 1e-5) -> None:
    """Equal within `tolerance`, relative to the largest expected value."""
    assert found.shape == expected.shape
    worst, largest = (found - expected).abs().max(), expected.abs().max()
    assert worst <= tolerance * largest, f"off by {worst:.2e} where the largest is {largest:.2e}"
