"""Losses that pull an embedding of signing to SONAR's embedding of its caption."""

from torch import Tensor
from torch.nn import functional as F

from sonar_sign.options import LossOptions


def embedding_losses(predicted: Tensor, target: Tensor, variance: float) -> dict[str, Tensor]:
    """Each loss on its own, in float32.

    Args:
        predicted, target: `(batch, embedding_dim)`.
        variance: of the training targets, per dimension. SONAR's numbers are small, so the
            squared error is given as a share of it: 1 is what the mean target would score.

    Returns:
        `mse`, `cosine`: scalars.
    """
    predicted, target = predicted.float(), target.float()
    return {
        "mse": F.mse_loss(predicted, target) / variance,
        "cosine": (1 - F.cosine_similarity(predicted, target)).mean(),
    }


def weighted_sum(losses: dict[str, Tensor], weights: LossOptions) -> Tensor:
    """The loss that training minimises."""
    return sum(getattr(weights, name) * loss for name, loss in losses.items())
