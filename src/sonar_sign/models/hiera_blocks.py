"""The layers of SignHiera, and the order of its tokens.

Tokens are stored as one flat sequence of mask units, `(n_mask_units, n_tokens, dim)`: window after
window, in time order within a window; the tokens of a mask unit are in the order of pooling. Only
attention over whole windows needs to know where windows begin; all other layers work on the flat
sequence, whatever the lengths of the windows in it. Attention inside mask units, pooling and
attention over a window are views of the same memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

# Tokens per call of an MLP when no activations are kept for a backward pass.
CPU_MLP_TOKENS = 1024
# Queries per call of attention in bf16 on a CPU.
BF16_QUERIES = 128


@dataclass(frozen=True)
class WindowGroup:
    """Consecutive windows of equal length in the flat sequence of mask units."""

    n_windows: int
    """Number of windows."""
    n_mask_units: int
    """Mask units per window."""
    n_keys: int | None = None
    """Mask units per window that can be attended to, from its start; None: all."""

    @property
    def size(self) -> int:
        """Mask units of the whole group."""
        return self.n_windows * self.n_mask_units


class PatchEmbed(nn.Module):
    """Video to tokens: a 3-D convolution."""

    def __init__(
        self,
        in_chans: int,
        dim: int,
        kernel: tuple[int, int, int],
        stride: tuple[int, int, int],
        padding: tuple[int, int, int],
    ):
        super().__init__()
        self.proj = nn.Conv3d(in_chans, dim, kernel, stride, padding)

    def forward(self, frames: Tensor) -> Tensor:
        """(n_windows, 3, n_frames, height, width) -> (n_windows, n_units, rows, columns, dim)."""
        # Computed as a 2-D convolution with the frames of the kernel as channels: 3-D convolution
        # in bf16 is slow in cuDNN and needs much memory.
        kernel, stride, before = (
            value[0] for value in (self.proj.kernel_size, self.proj.stride, self.proj.padding)
        )
        frames = nn.functional.pad(frames, (0, 0, 0, 0, before, kernel - before - stride))
        clips = frames.unfold(2, kernel, stride)  # (n_windows, 3, n_units, height, width, kernel)
        n_windows, _, n_units = clips.shape[:3]
        clips = clips.permute(0, 2, 1, 5, 3, 4).flatten(0, 1).flatten(1, 2)
        tokens = nn.functional.conv2d(
            clips,  # (n_windows * n_units, 3 * kernel, height, width)
            self.proj.weight.flatten(1, 2),
            self.proj.bias,
            stride=self.proj.stride[1:],
            padding=self.proj.padding[1:],
        )
        return tokens.unflatten(0, (n_windows, n_units)).movedim(2, -1)


class Attention(nn.Module):
    """Attention inside mask units or over a window, with max-pooling of the queries."""

    def __init__(self, dim: int, dim_out: int, num_heads: int, pool: int, in_mask_unit: bool):
        super().__init__()
        if num_heads < 1 or dim_out % num_heads:
            raise ValueError(f"{num_heads} heads cannot share a width of {dim_out}")
        self.num_heads = num_heads
        self.pool = pool
        self.in_mask_unit = in_mask_unit
        self.qkv = nn.Linear(dim, 3 * dim_out)
        self.proj = nn.Linear(dim_out, dim_out)

    def forward(self, x: Tensor, groups: Sequence[WindowGroup]) -> Tensor:
        """(n_mask_units, n_tokens, dim) -> (n_mask_units, n_tokens / pool, dim_out)."""
        qkv = self.qkv(x).unflatten(-1, (3, self.num_heads, -1))
        q, k, v = qkv.unbind(dim=2)  # each (n_mask_units, n_tokens, heads, head_dim)
        q = max_pool(q, self.pool)
        out = attend(q, k, v) if self.in_mask_unit else self._over_windows(q, k, v, groups)
        return self.proj(out.flatten(2))

    def _over_windows(
        self, q: Tensor, k: Tensor, v: Tensor, groups: Sequence[WindowGroup]
    ) -> Tensor:
        """Attention over each window; arguments and result as (n_mask_units, n_tokens, ..)."""
        sizes = [group.size for group in groups]
        found = []
        for group, *parts in zip(
            groups, q.split(sizes), k.split(sizes), v.split(sizes), strict=True
        ):
            queries, keys, values = (part.unflatten(0, (group.n_windows, -1)) for part in parts)
            keys, values = keys[:, : group.n_keys], values[:, : group.n_keys]
            out = attend(*(part.flatten(1, 2) for part in (queries, keys, values)), long=True)
            found.append(out.reshape(parts[0].shape))
        return found[0] if len(found) == 1 else torch.cat(found)


def attend(q: Tensor, k: Tensor, v: Tensor, *, long: bool = False) -> Tensor:
    """Attention of `(n_sequences, length, heads, head_dim)`, the same shape out."""
    if q.dtype == torch.bfloat16 and q.device.type == "cpu" and not torch.is_grad_enabled():
        # PyTorch's kernel for bf16 on a CPU is no faster than the one for float32, because its
        # products do not use the bf16 units. `mm` and `bmm` do.
        return _attend_by_blocks(q, k, v) if long else _attend_at_once(q, k, v)
    # 4 dimensions (n_sequences, heads, length, head_dim) and no mask: required by the fast
    # kernels of scaled_dot_product_attention.
    q, k, v = (part.transpose(1, 2) for part in (q, k, v))
    if long and q.device.type == "cpu":
        # Long sequences are read repeatedly; with contiguous heads this is 10 % faster.
        q, k, v = q.contiguous(), k.contiguous(), v.contiguous()
    return nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2)


def _attend_by_blocks(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """`attend` for long sequences: so few queries at a time that their scores stay in the cache."""
    found = torch.empty_like(q, memory_format=torch.contiguous_format)
    buffer = q.new_empty(BF16_QUERIES, k.shape[1])
    for sequence in range(q.shape[0]):
        for head in range(q.shape[2]):
            keys, values = k[sequence, :, head].contiguous().t(), v[sequence, :, head].contiguous()
            for queries, out in zip(
                q[sequence, :, head].split(BF16_QUERIES),
                found[sequence, :, head].split(BF16_QUERIES),
                strict=True,
            ):
                scores = buffer[: len(queries)]
                torch.addmm(scores, queries, keys, beta=0, alpha=q.shape[-1] ** -0.5, out=scores)
                torch.softmax(scores, dim=-1, out=scores)
                torch.mm(scores, values, out=out)
    return found


def _attend_at_once(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """`attend` for short sequences: few products of many small matrices."""
    n_sequences, _, n_heads, head_dim = q.shape
    q, k, v = (part.transpose(1, 2).flatten(0, 1) for part in (q, k, v))
    scores = q.new_empty(len(q), q.shape[1], k.shape[1])
    torch.baddbmm(scores, q, k.mT, beta=0, alpha=head_dim**-0.5, out=scores)
    found = torch.bmm(torch.softmax(scores, dim=-1, out=scores), v)
    return found.unflatten(0, (n_sequences, n_heads)).transpose(1, 2)


def max_pool(x: Tensor, pool: int) -> Tensor:
    """Maximum over `pool` spatial neighbours; the tokens (dimension 1) shrink by that factor."""
    return x if pool == 1 else x.unflatten(1, (pool, -1)).amax(dim=1)


class Mlp(nn.Module):
    """Two linear layers with a GELU in between."""

    def __init__(self, dim: int, hidden_dim: int):
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(n_mask_units, n_tokens, dim), same shape out."""
        if x.device.type != "cpu" or torch.is_grad_enabled():
            return self.fc2(nn.functional.gelu(self.fc1(x)))
        # The hidden layer of all tokens would not fit the cache, and its memory would be allocated
        # anew for each block; so would a copy for GELU.
        parts = x.flatten(0, 1).split(CPU_MLP_TOKENS)
        done = [self.fc2(torch.ops.aten.gelu_(self.fc1(part))) for part in parts]
        return torch.cat(done).view_as(x)


class Block(nn.Module):
    """Pre-norm transformer block; if the width grows, the shortcut is projected and pooled."""

    def __init__(
        self,
        dim: int,
        dim_out: int,
        num_heads: int,
        pool: int,
        in_mask_unit: bool,
        mlp_ratio: float,
        norm_eps: float,
    ):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=norm_eps)
        self.attn = Attention(dim, dim_out, num_heads, pool, in_mask_unit)
        self.norm2 = nn.LayerNorm(dim_out, eps=norm_eps)
        self.mlp = Mlp(dim_out, int(dim_out * mlp_ratio))
        self.proj = nn.Linear(dim, dim_out) if dim != dim_out else None

    def forward(self, x: Tensor, groups: Sequence[WindowGroup]) -> Tensor:
        """Shapes as in `Attention.forward`."""
        normed = self.norm1(x)
        if self.proj is not None:
            shortcut = max_pool(self.proj(normed), self.attn.pool)
            # Under autocast this keeps the sums in float32: twice as exact, at 2 % of the time of
            # a CPU. On a GPU it would cost memory.
            x = shortcut.to(x.dtype) if x.device.type == "cpu" else shortcut
        x = x + self.attn(normed, groups)
        return x + self.mlp(self.norm2(x))


class Head(nn.Module):
    """Classifier used in pretraining; softmax in evaluation mode only, as in the reference."""

    def __init__(self, dim: int, num_classes: int):
        super().__init__()
        self.projection = nn.Linear(dim, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        logits = self.projection(x)
        return logits if self.training else logits.softmax(dim=-1)


def unroll(x: Tensor, splits: list[tuple[int, int]]) -> Tensor:
    """(n_windows, n_units, rows, columns, dim) -> (.., .., fewer, fewer, n_tokens, dim).

    The neighbours that the first pooling merges are outermost in the token axis, then those of
    the second, so that each pooling is a maximum over the outermost part of the axis (Hiera's
    "unroll", here in space only).
    """
    x = x.unsqueeze(4)
    for rows, columns in splits:
        x = x.unflatten(3, (-1, columns)).unflatten(2, (-1, rows))
        # (n_windows, n_units, fewer, rows, fewer, columns, n_tokens, dim)
        x = x.permute(0, 1, 2, 4, 6, 3, 5, 7).flatten(4, 6)
    return x


def reroll(x: Tensor, splits: list[tuple[int, int]]) -> Tensor:
    """The inverse of `unroll`, for the splits that remain after pooling."""
    for rows, columns in reversed(splits):
        x = x.unflatten(4, (-1, rows, columns)).permute(0, 1, 2, 5, 3, 6, 4, 7)
        x = x.flatten(4, 5).flatten(2, 3)
    return x.squeeze(4)
