"""The sentences before a clip, and how a sign encoder reads them.

Signers point to what an earlier sentence has set up in space, and use its names without repeating
them: a third of How2Sign's sentences need what was before (Tanzer et al. 2024, arXiv:2406.11049).

The T5 encoder reads the earlier sentences as it reads the clip, each with a learnt mark that says
how far back it is. The clip's states then attend to theirs, and what they find is added. The last
projection starts at zero, as LoRA's does (arXiv:2106.09685), so at the start nothing is added: the
output is that of the encoder without context, to the last bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True, eq=False)
class Context:
    """Features of the sentences before each clip of a batch."""

    features: Tensor
    """`(batch, n_rows, feature_dim)` float32: a clip's earlier sentences one after the other, the
    nearest last; filled up with zeros."""
    distances: Tensor
    """`(batch, n_rows)` int64: 1 for rows of the sentence just before, 2 for the one before that;
    0 where there is no row."""

    def to(self, device: torch.device) -> "Context":
        return Context(
            self.features.to(device, non_blocking=True),
            self.distances.to(device, non_blocking=True),
        )


def stack_context(earlier: Sequence[Sequence[Tensor]], feature_dim: int) -> Context:
    """The context of a batch.

    Args:
        earlier: for each clip, the features `(n, feature_dim)` of the sentences before it, the
            nearest last; one without rows takes its place without being read.
    """
    none = torch.zeros(0, feature_dim)
    rows = [torch.cat([none, *[one.float().cpu() for one in clips]]) for clips in earlier]
    distances = [
        torch.cat(
            [
                torch.zeros(0, dtype=torch.long),
                *[torch.full((len(one),), len(clips) - k) for k, one in enumerate(clips)],
            ]
        )
        for clips in earlier
    ]
    # A batch without any earlier sentence still has a row, so that every step trains all weights.
    n_rows = max(1, *map(len, rows))
    return Context(
        torch.stack([F.pad(one, (0, 0, 0, n_rows - len(one))) for one in rows]),
        torch.stack([F.pad(one, (0, n_rows - len(one))) for one in distances]),
    )


class ContextReader(nn.Module):
    """Lets the states of a clip attend to those of the sentences before it.

    Args:
        n_sentences: how many sentences before a clip are read.
    """

    def __init__(self, n_sentences: int, d_model: int, num_heads: int, d_kv: int):
        super().__init__()
        self.num_heads = num_heads
        self.marks = nn.Parameter(torch.zeros(n_sentences, d_model))
        self.queries, self.keys, self.values = (
            nn.Linear(d_model, num_heads * d_kv, bias=False) for _ in range(3)
        )
        self.output = nn.Linear(num_heads * d_kv, d_model, bias=False)
        nn.init.zeros_(self.output.weight)

    def mark(self, projected: Tensor, distances: Tensor) -> Tensor:
        """Add to projected features `(batch, n_rows, d_model)` the marks of their sentences."""
        return projected + self.marks[(distances - 1).clamp_min(0)]

    def forward(self, states: Tensor, earlier: Tensor, distances: Tensor) -> Tensor:
        """The clip's states with what they find in those of the sentences before.

        Args:
            states: `(batch, n_features, d_model)`.
            earlier: `(batch, n_rows, d_model)`.
            distances: `(batch, n_rows)`, see `Context`.

        Returns:
            As `states`.
        """
        # A key and a value of zeros come last: where nothing is found, nothing is added.
        keys, values = (F.pad(each(earlier), (0, 0, 0, 1)) for each in (self.keys, self.values))
        real = F.pad(distances > 0, (0, 1), value=True)[:, None, None]
        found = F.scaled_dot_product_attention(
            *map(self._heads, (self.queries(states), keys, values)), attn_mask=real
        )  # (batch, heads, n_features, d_kv)
        return states + self.output(found.transpose(1, 2).flatten(2))

    def _heads(self, rows: Tensor) -> Tensor:
        """`(batch, n, heads * d_kv)` to `(batch, heads, n, d_kv)`."""
        return rows.unflatten(2, (self.num_heads, -1)).transpose(1, 2)
