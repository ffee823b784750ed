"""SignHiera, the video encoder: from 128 frames of a signer to one vector per two frames.

The architecture is Hiera (Ryali et al. 2023, "Hiera: A Hierarchical Vision Transformer without
the Bells-and-Whistles", arXiv:2306.00989) for video, as SSVP-SLT (Rust et al. 2024,
arXiv:2402.09611) trained it: pooling is spatial only, so the time axis keeps its length.

Terms. A *unit* is one step of the time axis after the patch embedding
(`patch_stride[0]` frames, 2 for the public model). A *mask unit* is `mask_unit_size` tokens
(1 x 8 x 8) that attend to each other in the first two stages.

A padded window is cut after its last real unit, before the first block. This is exact: the
reference masks padded keys in the attention over a whole window, which gives the same vectors for
the real units but costs as much as a full window.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from sonar_sign.models.hiera_blocks import Block, Head, PatchEmbed, WindowGroup, reroll, unroll

# Mask units per call of the blocks of the first stages. On a CPU few, so that the activations stay
# in the cache; on a GPU fewer than the 65,535 sequences that an attention kernel allows.
CPU_CHUNK_MASK_UNITS = 49
GPU_CHUNK_MASK_UNITS = 32768


@dataclass(frozen=True)
class SignHieraConfig:
    """Shape of a SignHiera; field names are those of the public model's constructor."""

    input_size: tuple[int, int, int] = (128, 224, 224)
    """Frames, height and width of a window, in frames and pixels."""
    in_chans: int = 3
    embed_dim: int = 96
    """Width of the first stage."""
    num_heads: int = 1
    """Attention heads of the first stage."""
    num_classes: int = 400
    """Outputs of the classifier head, which features do not use."""
    stages: tuple[int, ...] = (2, 3, 16, 3)
    """Number of blocks in each stage."""
    q_pool: int = 3
    """Number of stages after which space is pooled, counted from the first."""
    q_stride: tuple[int, int, int] = (1, 2, 2)
    mask_unit_size: tuple[int, int, int] = (1, 8, 8)
    mask_unit_attn: tuple[bool, ...] = (True, True, False, False)
    """For each stage: attention inside mask units (True) or over the whole window."""
    dim_mul: float = 2.0
    """Factor on the width from stage to stage."""
    head_mul: float = 2.0
    """Factor on the number of heads from stage to stage."""
    patch_kernel: tuple[int, int, int] = (3, 7, 7)
    patch_stride: tuple[int, int, int] = (2, 4, 4)
    patch_padding: tuple[int, int, int] = (1, 3, 3)
    mlp_ratio: float = 4.0
    norm_eps: float = 1e-6
    sep_pos_embed: bool = True
    """Position embedding as the sum of a spatial and a temporal one; must be True."""

    def __post_init__(self) -> None:
        # JSON gives lists; tuples keep the dataclass hashable.
        for name, value in vars(self).items():
            if isinstance(value, list):
                object.__setattr__(self, name, tuple(value))
        if not self.sep_pos_embed:
            raise ValueError("SignHiera has separate position embeddings: sep_pos_embed=True.")
        if self.q_stride[0] != 1 or self.mask_unit_size[0] != 1:
            raise ValueError(
                f"SignHiera pools in space only: q_stride {self.q_stride} and mask_unit_size "
                f"{self.mask_unit_size} must begin with 1."
            )
        if len(self.mask_unit_attn) != len(self.stages):
            raise ValueError(
                f"mask_unit_attn {self.mask_unit_attn} needs one value for each of the "
                f"{len(self.stages)} stages."
            )
        if self.num_frames != self.num_units * self.frames_per_unit:
            raise ValueError(
                f"{self.num_frames} frames are not {self.num_units} units of "
                f"{self.frames_per_unit} frames: correct patch_kernel or patch_padding."
            )
        for axis, (tokens, unit, stride) in enumerate(
            zip(self.tokens_shape, self.mask_unit_size, self.q_stride, strict=True)
        ):
            if tokens <= 0 or tokens % unit or unit % stride**self.q_pool:
                raise ValueError(
                    f"Axis {axis}: {tokens} tokens cannot be divided into mask units of {unit}, or "
                    f"those cannot be pooled {self.q_pool} times by {stride}."
                )

    @classmethod
    def base_128x224(cls) -> "SignHieraConfig":
        """The public model `dm_70h_ub_signhiera`: 51,097,936 parameters."""
        return cls()

    @property
    def tokens_shape(self) -> tuple[int, int, int]:
        """Tokens after the patch embedding: `(units, height, width)`, (64, 56, 56) for base."""
        return tuple(
            (size + 2 * padding - kernel) // stride + 1
            for size, kernel, stride, padding in zip(
                self.input_size,
                self.patch_kernel,
                self.patch_stride,
                self.patch_padding,
                strict=True,
            )
        )

    @property
    def mask_units_shape(self) -> tuple[int, int, int]:
        """Mask units of a window: `(units, height, width)`, (64, 7, 7) for base."""
        return tuple(
            n // size for n, size in zip(self.tokens_shape, self.mask_unit_size, strict=True)
        )

    @property
    def num_frames(self) -> int:
        """Frames in a window."""
        return self.input_size[0]

    @property
    def num_units(self) -> int:
        """Number of feature vectors of a window without padding."""
        return self.tokens_shape[0]

    @property
    def frames_per_unit(self) -> int:
        """Sampled frames per feature vector."""
        return self.patch_stride[0]

    @property
    def stage_ends(self) -> tuple[int, ...]:
        """Index of the last block of each stage, (1, 4, 20, 23) for base."""
        return tuple(sum(self.stages[: i + 1]) - 1 for i in range(len(self.stages)))

    @property
    def stage_dims(self) -> tuple[int, ...]:
        """Width of each stage, (96, 192, 384, 768) for base."""
        dims = [self.embed_dim]
        for _ in self.stages[1:]:
            dims.append(int(dims[-1] * self.dim_mul))
        return tuple(dims)

    @property
    def feature_dim(self) -> int:
        """Width of a feature vector, 768 for base."""
        return self.stage_dims[-1]

    def kept_units(self, padding_frames: int) -> int:
        """Number of units of a window with at least one frame that is not padding."""
        if not 0 <= padding_frames < self.num_frames:
            raise ValueError(
                f"padding_frames {padding_frames} is not in 0..{self.num_frames - 1}: at least "
                "one frame of a window must be real."
            )
        return self.num_units - padding_frames // self.frames_per_unit


class SignHiera(nn.Module):
    """The video encoder; its state-dict keys are those of the public checkpoint.

    Frames are RGB, normalised as (rgb / 255 - 0.45) / 0.225. `gradient_checkpointing = True`
    recomputes the activations inside each block in the backward pass instead of storing them.
    """

    def __init__(self, config: SignHieraConfig):
        super().__init__()
        self.config = config
        self.gradient_checkpointing = False
        n_units, rows, columns = config.tokens_shape
        self.pos_embed_spatial = nn.Parameter(torch.zeros(1, rows * columns, config.embed_dim))
        self.pos_embed_temporal = nn.Parameter(torch.zeros(1, n_units, config.embed_dim))
        self.patch_embed = PatchEmbed(
            config.in_chans,
            config.embed_dim,
            config.patch_kernel,
            config.patch_stride,
            config.patch_padding,
        )
        self.blocks = nn.ModuleList(make_blocks(config))
        self.norm = nn.LayerNorm(config.feature_dim, eps=config.norm_eps)
        self.head = Head(config.feature_dim, config.num_classes)
        self.apply(initialise)
        for embedding in (self.pos_embed_spatial, self.pos_embed_temporal):
            nn.init.trunc_normal_(embedding, std=0.02)

    def features(
        self, frames: Tensor, padding_frames: Tensor | Sequence[int] | None = None
    ) -> list[Tensor]:
        """One vector for every unit with a real frame.

        All windows are computed together, whatever their lengths, so the caller limits memory by
        the number of units it passes.

        Args:
            frames: (n_windows, 3, n_frames, height, width), sizes as in the config.
            padding_frames: (n_windows,) number of padding frames at the end of each window, best on
                the CPU, because reading them from a GPU waits for it; None means none.

        Returns:
            For each window (n_units, feature_dim), with
            n_units = config.num_units - padding_frames // config.frames_per_unit.

        Raises:
            ValueError: a shape does not fit the config, or a window has no real frame.
        """
        same_length = self._groups(frames, padding_frames)
        per_unit = math.prod(self.config.mask_units_shape[1:])
        rows, groups = [], []
        for windows, n_units in same_length:
            cut = frames[:, :, : n_units * self.config.frames_per_unit]
            rows.append(self._embed(cut if len(windows) == len(frames) else cut[windows]))
            groups.append(WindowGroup(len(windows), n_units * per_unit))
        x = self._run(self.blocks, torch.cat(rows), groups)
        # (n_mask_units, n_tokens, dim) -> (n_units, dim), window after window
        x = x.unflatten(0, (-1, per_unit)).mean(dim=(1, 2))
        order = [(window, n_units) for windows, n_units in same_length for window in windows]
        parts = x.split([n_units for _, n_units in order])
        found = {window: part for (window, _), part in zip(order, parts, strict=True)}
        return [found[window] for window in range(len(frames))]

    def forward(
        self, frames: Tensor, padding_frames: Tensor | Sequence[int] | None = None
    ) -> Tensor:
        """Classify windows, arguments as for `features`.

        As in the reference, padded units are not left out: they are computed from frames of zeros,
        attend to the real units and are part of the mean over the window.

        Returns:
            (n_windows, num_classes): logits in training mode, else their softmax.
        """
        found: list[Tensor | None] = [None] * len(frames)
        rows, columns = self.config.mask_units_shape[1:]
        for windows, n_units in self._groups(frames, padding_frames):
            real = frames[windows]
            real[:, :, n_units * self.config.frames_per_unit :] = 0
            n_mask_units = self.config.num_units * rows * columns
            groups = [WindowGroup(len(windows), n_mask_units, n_units * rows * columns)]
            x = self._run(self.blocks, self._embed(real), groups)
            x = self.head(self.norm(x.unflatten(0, (len(windows), -1)).mean(dim=(1, 2))))
            for window, classes in zip(windows, x, strict=True):
                found[window] = classes
        return torch.stack(found)

    def intermediates(self, frames: Tensor) -> list[Tensor]:
        """Output of each stage, (n_windows, n_units, rows, columns, dim), for full windows."""
        self._groups(frames, None)
        groups = [WindowGroup(len(frames), math.prod(self.config.mask_units_shape))]
        x, start, found = self._embed(frames), 0, []
        for stage, end in enumerate(self.config.stage_ends):
            x = self._run(self.blocks[start : end + 1], x, groups)
            start = end + 1
            maps = x.unflatten(0, (len(frames), *self.config.mask_units_shape))
            found.append(reroll(maps, splits_of(self.config)[min(stage, self.config.q_pool) :]))
        return found

    def _groups(
        self, frames: Tensor, padding_frames: Tensor | Sequence[int] | None
    ) -> list[tuple[list[int], int]]:
        """Windows grouped by their number of real units: (indices of the windows, number)."""
        expected = (self.config.in_chans, *self.config.input_size)
        if frames.dim() != 5 or tuple(frames.shape[1:]) != expected:
            raise ValueError(
                f"frames have shape {tuple(frames.shape)}, SignHiera needs "
                f"(n_windows, {', '.join(map(str, expected))})."
            )
        if padding_frames is None:
            padding_frames = [0] * len(frames)
        if len(padding_frames) != len(frames):
            raise ValueError(f"{len(padding_frames)} paddings for {len(frames)} windows.")
        groups: dict[int, list[int]] = {}
        for window, padding in enumerate(map(int, padding_frames)):
            groups.setdefault(self.config.kept_units(padding), []).append(window)
        return [(windows, n_units) for n_units, windows in groups.items()]

    def _embed(self, frames: Tensor) -> Tensor:
        """Tokens of frames with position embeddings added, (n_mask_units, n_tokens, dim)."""
        tokens = self.patch_embed(frames)  # (n_windows, n_units, rows, columns, dim)
        n_units, rows, columns = tokens.shape[1:4]
        spatial = self.pos_embed_spatial.unflatten(1, (rows, columns))
        temporal = self.pos_embed_temporal[0, :n_units, None, None]
        tokens = tokens + (spatial + temporal)
        return unroll(tokens, splits_of(self.config)).flatten(0, 3)

    def _run(self, blocks: Iterable[Block], x: Tensor, groups: Sequence[WindowGroup]) -> Tensor:
        """Apply blocks to the flat sequence of mask units, see `hiera_blocks`."""
        blocks = list(blocks)
        local = list(itertools.takewhile(lambda block: block.attn.in_mask_unit, blocks))
        if local:
            # Mask units do not attend to each other yet, so the sequence can be split anywhere.
            size = CPU_CHUNK_MASK_UNITS if x.device.type == "cpu" else GPU_CHUNK_MASK_UNITS
            x = torch.cat([self._run_each(local, piece, []) for piece in x.split(size)])
        return self._run_each(blocks[len(local) :], x, groups)

    def _run_each(self, blocks: list[Block], x: Tensor, groups: Sequence[WindowGroup]) -> Tensor:
        for block in blocks:
            if self.gradient_checkpointing and torch.is_grad_enabled():
                x = checkpoint(block, x, groups, use_reentrant=False)
            else:
                x = block(x, groups)
        return x


def make_blocks(config: SignHieraConfig) -> Iterator[Block]:
    """The blocks of all stages in order."""
    num_heads, dim = config.num_heads, config.embed_dim
    for stage, (depth, dim_out) in enumerate(zip(config.stages, config.stage_dims, strict=True)):
        for i in range(depth):
            begins = i == 0 and stage > 0
            if begins:
                num_heads = int(num_heads * config.head_mul)
            yield Block(
                dim,
                dim_out,
                num_heads,
                pool=math.prod(config.q_stride) if begins and stage <= config.q_pool else 1,
                # The first block of a stage attends in the same way as the previous stage.
                in_mask_unit=config.mask_unit_attn[stage - 1 if begins else stage],
                mlp_ratio=config.mlp_ratio,
                norm_eps=config.norm_eps,
            )
            dim = dim_out


def initialise(module: nn.Module) -> None:
    """Hiera's initialisation: truncated normal weights (deviation 0.02), zero biases."""
    if isinstance(module, (nn.Linear, nn.Conv3d)):
        nn.init.trunc_normal_(module.weight, std=0.02)
        nn.init.zeros_(module.bias)


def splits_of(config: SignHieraConfig) -> list[tuple[int, int]]:
    """(rows, columns) by which each pooling divides a mask unit, then those that remain."""
    _, rows, columns = config.q_stride
    rest = tuple(
        size // stride**config.q_pool
        for size, stride in zip(config.mask_unit_size[1:], (rows, columns), strict=True)
    )
    return [(rows, columns)] * config.q_pool + [rest]
