"""The sentences before a clip, and how a sign encoder reads them.

Signers point to what an earlier sentence has set up in space, and use its names without repeating
them: a third of How2Sign's sentences need what was before (Tanzer et al. 2024, arXiv:2406.11049).

The T5 encoder reads the earlier sentences as it reads the clip, each with a learnt mark that says
how far back it is. The clip's rows then attend to theirs, and what they find is added. The last
projection starts at zero, as LoRA's does (arXiv:2106.09685), so at the start nothing is added: the
output is that of the encoder without context, to the last bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Rows around a row that are averaged: a second of signing at 12.5 features a second.
N_AROUND = 15


@dataclass(frozen=True, eq=False)
class States:
    """Features of a batch inside a sign encoder, both `(batch, n, d_model)`."""

    projected: Tensor
    """Before its first layer."""
    encoded: Tensor
    """After its last one."""


@dataclass(frozen=True, eq=False)
class Context:
    """Features of the sentences before each clip of a batch."""

    features: Tensor
    """`(batch, n_rows, feature_dim)` float32: a clip's earlier sentences one after the other, the
    nearest last; filled up with zeros."""
    distances: Tensor
    """`(batch, n_rows)` int64: 1 for rows of the sentence just before, 2 for the one before that;
    0 where there is no row."""

    @property
    def encoded_rows(self) -> Tensor:
        """`(batch, n_rows)` bool: rows that are encoded; where there are none, one of zeros.

        Attention to nothing at all is NaN in half precision.
        """
        real = self.distances > 0
        none = ~real.any(dim=1, keepdim=True)
        return torch.cat([real[:, :1] | none, real[:, 1:]], dim=1)

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
    """Lets a clip attend to the sentences before it.

    Rows that look alike attend to each other from the start: queries and keys begin as the same
    random projection. What is found at a row is a mean over the rows around it, because a signer
    who sets up a person points just before or after the name.

    Args:
        n_sentences: how many sentences before a clip are read.
    """

    def __init__(self, n_sentences: int, d_model: int, num_heads: int, d_kv: int):
        super().__init__()
        self.num_heads, width = num_heads, num_heads * d_kv
        self.marks = nn.Parameter(torch.zeros(n_sentences, d_model))
        self.norm = nn.RMSNorm(d_model)
        self.queries = nn.Linear(2 * d_model, width, bias=False)
        self.keys = nn.Linear(2 * d_model, width, bias=False)
        self.values = nn.Linear(d_model, width, bias=False)
        self.around = nn.Conv1d(
            width, width, N_AROUND, padding=N_AROUND // 2, groups=width, bias=False
        )
        self.output = nn.Linear(width, d_model, bias=False)
        for layer in (self.queries, self.values):
            nn.init.normal_(layer.weight, std=layer.in_features**-0.5)
        with torch.no_grad():
            self.keys.weight.copy_(self.queries.weight)
        nn.init.constant_(self.around.weight, 1 / N_AROUND)
        nn.init.zeros_(self.output.weight)

    def mark(self, projected: Tensor, distances: Tensor) -> Tensor:
        """Add to projected features `(batch, n_rows, d_model)` the marks of their sentences."""
        return projected + self.marks[(distances - 1).clamp_min(0)]

    def forward(self, clip: States, earlier: States, distances: Tensor) -> Tensor:
        """The encoded clip with what it finds in the sentences before.

        Args:
            clip: `n` is its number of features.
            earlier: the sentences before, their features marked; `n` is the number of rows.
            distances: `(batch, n_rows)`, see `Context`.

        Returns:
            `(batch, n_features, d_model)`.
        """
        real = distances > 0
        values = self.values(earlier.encoded).masked_fill(~real[..., None], 0).transpose(1, 2)
        values = self.around(values).transpose(1, 2)
        # A key and a value of zeros come last: where nothing is found, nothing is added.
        keys, values = (
            F.pad(rows, (0, 0, 0, 1)) for rows in (self.keys(self._both(earlier)), values)
        )
        found = F.scaled_dot_product_attention(
            *map(self._heads, (self.queries(self._both(clip)), keys, values)),
            attn_mask=F.pad(real, (0, 1), value=True)[:, None, None],
        )  # (batch, heads, n_features, d_kv)
        return clip.encoded + self.output(found.transpose(1, 2).flatten(2))

    def _both(self, states: States) -> Tensor:
        """What a row looks like, and what the encoder makes of it; the one may lose places."""
        return torch.cat([self.norm(states.projected), states.encoded], dim=2)

    def _heads(self, rows: Tensor) -> Tensor:
        """`(batch, n, heads * d_kv)` to `(batch, heads, n, d_kv)`."""
        return rows.unflatten(2, (self.num_heads, -1)).transpose(1, 2)
