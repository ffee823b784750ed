"""The fused encoder: a sign encoder with a second entrance."""

import numpy as np
import pytest
import torch
from landmark_fusion import LANDMARK_DIM, tiny_landmark_model
from tiny_models import ENCODER, tiny_encoder

from sonar_sign.core.errors import UserError
from sonar_sign.models.checkpoint import load_sign_encoder, save_sign_encoder
from sonar_sign.models.fused_encoder import (
    FusedEncoder,
    load_fused_encoder,
    misalignment,
    resampled,
    save_fused_encoder,
)

torch.set_num_threads(1)

FEATURES = [4, 7, 2]
ROWS = [9, 20, 5]


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(3, max(FEATURES), ENCODER.feature_dim, generator=generator)
    rows = torch.randn(3, max(ROWS), LANDMARK_DIM, generator=generator)
    return features, torch.tensor(FEATURES), rows, torch.tensor(ROWS)


def opened(model: FusedEncoder, seed: int = 1) -> FusedEncoder:
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        model.fusion.gate.copy_(torch.randn_like(model.fusion.gate))
    return model


@torch.inference_mode()
def test_closed_gates_change_not_one_bit(batch):
    plain = tiny_encoder()
    # At its start values a sign encoder's embeddings differ little.
    torch.nn.init.normal_(plain.projection_out.weight, std=0.1)
    fused = FusedEncoder(plain, tiny_landmark_model()).eval()
    expected = plain(batch[0], batch[1])
    assert torch.equal(fused(*batch), expected)
    assert not torch.allclose(opened(fused)(*batch), expected, atol=1e-4)


@torch.inference_mode()
def test_a_public_checkpoint_opens_with_closed_gates(batch, tmp_path):
    plain = tiny_encoder(seed=3)
    save_sign_encoder(tmp_path / "public.pth", plain)
    fused = load_fused_encoder(tmp_path / "public.pth", tiny_landmark_model())
    assert not fused.training and (fused.fusion.gate == 0).all()
    assert torch.equal(fused(*batch), plain(batch[0], batch[1]))


@torch.inference_mode()
def test_a_fused_checkpoint_is_a_public_one_with_an_entry_more(batch, tmp_path):
    fused = opened(FusedEncoder(tiny_encoder(), tiny_landmark_model()).eval())
    save_fused_encoder(tmp_path / "fused.pt", fused, {"kind": "fused"})
    again = load_fused_encoder(tmp_path / "fused.pt", tiny_landmark_model())
    assert torch.equal(again(*batch), fused(*batch))
    plain = load_sign_encoder(tmp_path / "fused.pt")
    assert torch.equal(plain(batch[0], batch[1]), fused.sign_encoder(batch[0], batch[1]))
    wide = tiny_landmark_model(d_model=48)
    with pytest.raises(UserError, match="does not fit the fusion"):
        load_fused_encoder(tmp_path / "fused.pt", wide)


@torch.inference_mode()
def test_a_clip_without_landmarks_goes_the_plain_way(batch):
    fused = opened(FusedEncoder(tiny_encoder(), tiny_landmark_model()).eval())
    features, lengths, rows, _ = batch
    found = fused(features, lengths, rows, torch.tensor([9, 0, 5]))
    plain = fused.sign_encoder(features, lengths)
    assert torch.equal(found[1], plain[1])
    assert not torch.equal(found[0], plain[0])


@torch.inference_mode()
def test_a_clips_company_changes_nothing(batch):
    fused = opened(FusedEncoder(tiny_encoder(), tiny_landmark_model()).eval())
    together = fused(*batch)
    features, _, rows, _ = batch
    for number, (n, m) in enumerate(zip(FEATURES, ROWS, strict=True)):
        alone = fused(
            features[number : number + 1, :n], torch.tensor([n]),
            rows[number : number + 1, :m], torch.tensor([m]),
        )  # fmt: skip
        assert torch.allclose(alone[0], together[number], atol=1e-6)


def test_only_the_landmark_model_stays_as_it_is(batch):
    fused = opened(FusedEncoder(tiny_encoder(), tiny_landmark_model())).train()
    assert not fused.landmark_model.training and fused.sign_encoder.training
    fused(*batch).sum().backward()
    assert all(p.grad is None for p in fused.landmark_model.parameters())
    for part in (fused.fusion.gate, fused.fusion.projection.weight):
        assert part.grad.abs().max() > 0
    assert any(p.grad is not None for p in fused.sign_encoder.parameters())


def test_open_gates_read_landmarks_alone(batch):
    fused = FusedEncoder(tiny_encoder(), tiny_landmark_model()).eval()
    torch.nn.init.normal_(fused.sign_encoder.projection_out.weight, std=0.1)
    features, *others = batch
    with torch.inference_mode():
        half = fused(torch.zeros_like(features), *others)
        assert not torch.allclose(fused(*batch), half, atol=1e-3)
        torch.nn.init.ones_(fused.fusion.gate)  # tanh(30) is 1 in float32
        wide_open = fused(torch.zeros_like(features), *others)
        assert torch.equal(fused(*batch), wide_open)
        assert not torch.allclose(wide_open, half, atol=1e-3)


def test_hidden_features_change_nothing_for_clips_without_landmarks(batch):
    fused = FusedEncoder(tiny_encoder(), tiny_landmark_model(), drop_features=1.0).train()
    torch.nn.init.normal_(fused.sign_encoder.projection_out.weight, std=0.1)
    features, lengths, rows, _ = batch
    found = fused(features, lengths, rows, torch.tensor([9, 0, 5]))
    plain = fused.sign_encoder(features, lengths)
    assert torch.equal(found[1], plain[1])
    assert not torch.allclose(found[0], plain[0], atol=1e-3)


def test_misalignment_is_the_share_of_the_features_variance(batch):
    """Against the definition, clip by clip, with NumPy."""
    fused = FusedEncoder(tiny_encoder(), tiny_landmark_model()).train()
    features, lengths, rows, _ = batch
    inputs = fused.encoder_inputs(features, lengths, rows, torch.tensor([9, 0, 5]))
    seen, said = (
        np.concatenate([side[clip, : FEATURES[clip]].detach().numpy() for clip in (0, 2)])
        for side in (inputs.seen, inputs.landmarks)
    )
    expected = ((said - seen) ** 2).mean() / seen.var()
    found = misalignment(inputs)
    assert found.item() == pytest.approx(expected, rel=1e-5)
    found.backward()
    assert fused.fusion.projection.weight.grad.abs().max() > 0
    assert all(p.grad is None for p in fused.sign_encoder.parameters())
    nothing = misalignment(fused.encoder_inputs(features, lengths, rows, torch.zeros(3, dtype=int)))
    assert nothing.item() == 0


def test_closed_gates_can_open(batch):
    fused = FusedEncoder(tiny_encoder(), tiny_landmark_model()).train()
    fused(*batch).square().sum().backward()
    assert fused.fusion.gate.grad.abs().max() > 0


def test_states_are_brought_to_the_features_times():
    """A ramp over the clip's time is the same ramp at another rate, but for half a step at its
    ends."""
    n_steps, n_features = 10, 4
    ramp = ((torch.arange(n_steps) + 0.5) / n_steps)[None, :, None]
    states = torch.cat([ramp, torch.full((1, 3, 1), 9.0)], dim=1)
    found = resampled(states, torch.tensor([n_steps]), torch.tensor([n_features]), 6)
    assert found.shape == (1, 6, 1)
    assert torch.allclose(found[0, :4, 0], torch.tensor([0.125, 0.375, 0.625, 0.875]))
    # The other way, from few to many: the ends are held.
    many = resampled(ramp[:, :2], torch.tensor([2]), torch.tensor([4]), 4)
    assert torch.allclose(many[0, :, 0], torch.tensor([0.05, 0.075, 0.125, 0.15]))
    # As many as there are: nothing is changed.
    same = resampled(ramp, torch.tensor([10]), torch.tensor([10]), 10)
    assert torch.allclose(same, ramp)
