"""Losses against numbers worked by hand and another library's."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cosine as scipy_cosine

from sonar_sign.finetune.losses import embedding_losses, weighted_sum
from sonar_sign.options import LossOptions

torch.set_num_threads(1)


def test_by_hand():
    predicted = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    target = torch.tensor([[1.0, 1.0], [0.0, 4.0]])
    losses = embedding_losses(predicted, target, variance=0.5)
    # Squared errors 0, 1, 0, 4: mean 5/4, over a variance of 1/2.
    assert losses["mse"].item() == pytest.approx(2.5)
    # Cosines 1 / sqrt(2) and 1.
    assert losses["cosine"].item() == pytest.approx((1 - 1 / math.sqrt(2)) / 2)
    assert weighted_sum(losses, LossOptions(mse=2.0, cosine=0.0)).item() == pytest.approx(5.0)
    assert weighted_sum(losses, LossOptions(0.0, 3.0)).item() == pytest.approx(0.43934, abs=1e-5)


def test_against_numpy_and_scipy():
    rng = np.random.default_rng(0)
    predicted, target = 0.01 * rng.normal(size=(2, 5, 32))
    losses = embedding_losses(torch.from_numpy(predicted), torch.from_numpy(target), 1e-4)
    mse = ((predicted - target) ** 2).mean() / 1e-4
    cosine = np.mean([scipy_cosine(p, t) for p, t in zip(predicted, target, strict=True)])
    assert losses["mse"].item() == pytest.approx(mse, rel=1e-5)
    assert losses["cosine"].item() == pytest.approx(cosine, rel=1e-5)


def test_the_mean_target_scores_one():
    target = torch.randn(200, 8, generator=torch.Generator().manual_seed(0)) * 0.01
    predicted = target.mean(dim=0).expand(200, 8)
    variance = float(target.numpy().var(axis=0).mean())
    assert embedding_losses(predicted, target, variance)["mse"].item() == pytest.approx(1, rel=1e-5)


def test_a_perfect_embedding_costs_nothing():
    target = torch.randn(3, 8, generator=torch.Generator().manual_seed(0))
    losses = embedding_losses(target, target, 1.0)
    assert losses["mse"] == 0 and losses["cosine"].item() == pytest.approx(0, abs=1e-6)


def test_small_numbers_in_half_precision_are_not_lost():
    # Squares of 1e-4 are zero in float16.
    predicted, target = torch.full((2, 4), 2e-4).half(), torch.full((2, 4), 1e-4).half()
    losses = embedding_losses(predicted, target, 1e-8)
    assert losses["mse"].dtype == torch.float32
    assert losses["mse"].item() == pytest.approx(1, rel=0.01)
