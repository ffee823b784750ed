"""Parameter groups and the learning rate's schedule."""

import math

import pytest
import torch
from tiny_models import tiny_encoder, tiny_hiera
from torch import nn

from sonar_sign.training.module import parameter_groups, warmup_then_cosine

torch.set_num_threads(1)


@pytest.mark.parametrize("make", [tiny_hiera, tiny_encoder])
def test_norms_biases_and_positions_do_not_decay(make):
    model = make()
    decayed, others = parameter_groups(model.named_parameters(), 0.05)
    assert (decayed["weight_decay"], others["weight_decay"]) == (0.05, 0.0)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    decayed_names = {names[id(parameter)] for parameter in decayed["params"]}
    other_names = {names[id(parameter)] for parameter in others["params"]}
    assert decayed_names | other_names == set(names.values())
    assert not decayed_names & other_names
    # Every weight of a linear layer or a convolution, and nothing else of them.
    layers = {
        f"{name}.weight"
        for name, module in model.named_modules()
        if isinstance(module, (nn.Linear, nn.Conv3d))
    }
    shared = {name for name in names.values() if name.startswith("shared.")}
    assert decayed_names == layers | shared
    assert any("norm" in name for name in other_names)
    assert any("pos_embed" in name or "relative_attention" in name for name in other_names)


def test_what_is_frozen_is_not_optimised():
    model = tiny_hiera().requires_grad_(False)
    model.blocks[3].requires_grad_(True)
    groups = parameter_groups(model.named_parameters(), 0.05)
    found = {id(parameter) for group in groups for parameter in group["params"]}
    assert found == {id(parameter) for parameter in model.blocks[3].parameters()}


def test_an_empty_group_is_left_out():
    (group,) = parameter_groups(nn.LayerNorm(3).named_parameters(), 0.05)
    assert group["weight_decay"] == 0 and len(group["params"]) == 2


def test_warm_up_then_cosine():
    factor = warmup_then_cosine(0.1, 100)
    assert [factor(step) for step in (0, 4, 9)] == pytest.approx([0.1, 0.5, 1.0])
    # Halfway from step 10 to step 100, and a third of the way.
    assert factor(10) == 1
    assert factor(55) == pytest.approx(0.5)
    assert factor(40) == pytest.approx((1 + math.cos(math.pi / 3)) / 2)
    assert factor(99) == pytest.approx(0, abs=1e-3) and factor(99) > 0
    assert factor(100) == pytest.approx(0) and factor(1000) == pytest.approx(0)
    falling = [factor(step) for step in range(10, 100)]
    assert falling == sorted(falling, reverse=True)


def test_against_pytorchs_cosine():
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    reference = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=49)
    factor = warmup_then_cosine(0.0, 50)
    # Without warm-up one step is at the peak, and the cosine begins after it.
    for step in range(1, 50):
        assert factor(step) == pytest.approx(optimizer.param_groups[0]["lr"], abs=1e-6)
        optimizer.step()
        reference.step()


@pytest.mark.parametrize(("warmup", "n_steps"), [(0.0, 1), (1.0, 1), (1.0, 10), (0.05, 3)])
def test_short_runs(warmup, n_steps):
    factors = [warmup_then_cosine(warmup, n_steps)(step) for step in range(n_steps + 1)]
    assert max(factors) == 1 and min(factors) >= 0
