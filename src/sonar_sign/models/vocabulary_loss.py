"""Cross-entropy over a large vocabulary, computed in pieces.

32 captions of 30 tokens have a quarter of a billion logits over SONAR's 256,206 tokens: 1 GB, and
several copies of it are needed for a gradient. In pieces only one piece's are there at a time, as
they are computed again for the gradient (Chen et al. 2016, arXiv:1604.06174).
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

IGNORED = -100
"""The target of a token that is not scored."""
# Logits of a piece, 134 MB in float32. For each piece all weights of the projection are read.
PIECE = 1 << 25


def vocabulary_losses(
    hidden: Tensor,
    project: Callable[[Tensor], Tensor],
    targets: Tensor,
    vocabulary_size: int,
    label_smoothing: float = 0.0,
) -> Tensor:
    """The cross-entropy of every token in nats, `(n, length)`; zero for those not scored.

    Args:
        hidden: `(n, length, width)`, outputs of the decoder.
        project: `(..., width)` to logits `(..., vocabulary_size)`.
        targets: `(n, length)` int64, `IGNORED` for a token that is not scored.
        label_smoothing: probability that is spread over all tokens.
    """

    def losses_of(hidden: Tensor, targets: Tensor) -> Tensor:
        return functional.cross_entropy(
            project(hidden).float().flatten(0, -2),
            targets.flatten(),
            ignore_index=IGNORED,
            label_smoothing=label_smoothing,
            reduction="none",
        )

    if targets.numel() * vocabulary_size <= PIECE:
        return losses_of(hidden, targets).view_as(targets)
    scored = targets != IGNORED
    n_per_piece = max(1, PIECE // vocabulary_size)
    pieces = zip(hidden[scored].split(n_per_piece), targets[scored].split(n_per_piece), strict=True)
    losses = [
        checkpoint(losses_of, *piece, use_reentrant=False, preserve_rng_state=False)
        for piece in pieces
    ]
    return torch.zeros_like(targets, dtype=torch.float32).masked_scatter(scored, torch.cat(losses))
