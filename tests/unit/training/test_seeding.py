"""One seed for everything that is drawn in training."""

import random

import numpy as np
import torch

from sonar_sign.training.seeding import seed_everything


def draw():
    return random.random(), np.random.rand(), torch.rand(1).item()


def test_the_seed_sets_every_generator():
    seed_everything(5)
    first = draw()
    assert all(one != other for one, other in zip(first, draw(), strict=True))
    seed_everything(5)
    assert draw() == first
    seed_everything(6)
    assert all(one != other for one, other in zip(first, draw(), strict=True))
