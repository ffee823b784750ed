"""One seed for everything that is drawn in training."""

import random

import numpy as np
import torch


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and PyTorch; the order of clips is seeded by `StepBatches`."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
