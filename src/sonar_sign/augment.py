"""Augmentation of windows for signing: colours, patterns, shifts and scales, never a mirror.

A mirror would swap the hands, and which hand signs carries meaning.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from sonar_sign.options import AugmentOptions


def augment(frames: Tensor, options: AugmentOptions) -> Tensor:
    """Change how windows look, each in its own way, and not what is signed in them.

    PyTorch's global random numbers decide how.

    Args:
        frames: `(n_windows, 3, n_frames, height, width)`, normalised.
        options: how much of what; all zero leaves the frames alone.

    Returns:
        A tensor of the same shape.
    """
    if options.colour > 0:
        frames = _colour(frames, options.colour)
    if options.texture > 0:
        frames = frames + options.texture * _texture(frames)
    if options.shift > 0 or options.scale > 0:
        frames = _move(frames, options.shift, options.scale)
    return frames


def _colour(frames: Tensor, amount: float) -> Tensor:
    """Mix the channels, then change contrast and brightness."""
    n = len(frames)
    # Rows sum to one, so that grey stays grey before contrast and brightness change it.
    mix = torch.rand(n, 3, 3)
    mix = mix / mix.sum(dim=2, keepdim=True)
    mix = (1 - amount) * torch.eye(3) + amount * mix
    gain = 1 + amount * (2 * torch.rand(n, 3, 1) - 1)
    bias = amount * (2 * torch.rand(n, 3, 1, 1, 1) - 1)
    matrix = (gain * mix).to(frames)
    mixed = torch.bmm(matrix, frames.reshape(n, 3, -1)).view_as(frames)
    return mixed + bias.to(frames)


def _texture(frames: Tensor) -> Tensor:
    """Smooth random patterns that stand still in a window, as walls and clothes do.

    `(n_windows, 3, 1, height, width)`; what moves, and so what is signed, stays as it is.
    """
    n, channels, _, height, width = frames.shape
    coarse = torch.randn(n, channels, 8, 8).to(frames)
    return F.interpolate(coarse, size=(height, width), mode="bilinear")[:, :, None]


def _move(frames: Tensor, shift: float, scale: float) -> Tensor:
    """Shift and scale windows by up to these shares of the picture; the border is repeated."""
    n, channels, n_frames, height, width = frames.shape
    theta = torch.zeros(n, 2, 3)
    factor = 1 + scale * (2 * torch.rand(n) - 1)
    theta[:, 0, 0] = theta[:, 1, 1] = factor
    # Coordinates run from -1 to 1, so a share of the picture is twice that number.
    theta[:, :, 2] = 2 * shift * (2 * torch.rand(n, 2) - 1)
    size = (n, channels * n_frames, height, width)
    grid = F.affine_grid(theta.to(frames), list(size), align_corners=False)
    moved = F.grid_sample(
        frames.reshape(size), grid, mode="bilinear", padding_mode="border", align_corners=False
    )
    return moved.view_as(frames)
