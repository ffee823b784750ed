"""Augmentation for signing: colours, patterns, shifts, scales, speed and lost frames; no mirror.

A mirror would swap the hands, and which hand signs carries meaning.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from sonar_sign.core.options import AugmentOptions


def retime(n_frames: int, options: AugmentOptions, rng: np.random.Generator) -> np.ndarray:
    """Frames of a clip as a slower or faster, later and shaky camera would have had them.

    Args:
        n_frames: frames in the clip.
        options: how much of what; all zero gives every frame once.

    Returns:
        `(n,)` int64 numbers of frames, never falling; the signing is all there.
    """
    speed = 1 + options.speed * rng.uniform(-1, 1)
    n = max(1, round(n_frames / speed))
    numbers = np.minimum((speed * np.arange(n)).round().astype(np.int64), n_frames - 1)
    dropped = rng.random(n) < options.drop
    dropped[0] = False
    numbers[dropped] = -1
    numbers = np.maximum.accumulate(numbers)
    return np.concatenate([np.zeros(rng.integers(options.delay + 1), np.int64), numbers])


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
    if options.shift > 0:
        frames = _shift(frames, options.shift)
    if options.scale > 0:
        frames = _scale(frames, options.scale)
    return frames


def _colour(frames: Tensor, amount: float) -> Tensor:
    """Mix the channels, then change contrast and brightness."""
    n = len(frames)
    # Rows sum to one, so that grey stays grey before contrast and brightness change it.
    mix = torch.rand(n, 3, 3)
    mix = mix / mix.sum(dim=2, keepdim=True)
    mix = (1 - amount) * torch.eye(3) + amount * mix
    gain = 1 + amount * (2 * torch.rand(n, 3, 1) - 1)
    bias = amount * (2 * torch.rand(n, 3, 1) - 1)
    matrix = (gain * mix).to(frames)
    return torch.baddbmm(bias.to(frames), matrix, frames.reshape(n, 3, -1)).view_as(frames)


def _texture(frames: Tensor) -> Tensor:
    """Smooth random patterns that stand still in a window, as walls and clothes do.

    `(n_windows, 3, 1, height, width)`; what moves, and so what is signed, stays as it is.
    """
    n, channels, _, height, width = frames.shape
    coarse = torch.randn(n, channels, 8, 8).to(frames)
    return F.interpolate(coarse, size=(height, width), mode="bilinear")[:, :, None]


def _shift(frames: Tensor, amount: float) -> Tensor:
    """Shift windows by whole pixels, up to this share of the picture; the border is repeated."""
    height, width = frames.shape[3:]
    most = round(amount * width)
    padded = F.pad(frames, (most, most, most, most, 0, 0), mode="replicate")
    corners = torch.randint(2 * most + 1, (len(frames), 2)).tolist()
    return torch.stack(
        [
            window[..., top : top + height, left : left + width]
            for window, (top, left) in zip(padded, corners, strict=True)
        ]
    )


def _scale(frames: Tensor, amount: float) -> Tensor:
    """Scale windows by up to this share of the picture; the border is repeated."""
    n, channels, n_frames, height, width = frames.shape
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = 1 + amount * (2 * torch.rand(n) - 1)
    size = (n, channels * n_frames, height, width)
    grid = F.affine_grid(theta.to(frames), list(size), align_corners=False)
    scaled = F.grid_sample(
        frames.reshape(size), grid, mode="bilinear", padding_mode="border", align_corners=False
    )
    return scaled.view_as(frames)
