"""Clips of different lengths as one tensor."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def padded(clips: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    """Clips `(n, dim)` to `(n_clips, longest, dim)` float32, filled up with zeros, and lengths.

    Without any row there is still one of zeros.
    """
    lengths = [len(clip) for clip in clips]
    rows = np.zeros((len(clips), max(1, *lengths), clips[0].shape[1]), np.float32)
    for row, clip in zip(rows, clips, strict=True):
        row[: len(clip)] = clip
    return torch.from_numpy(rows), torch.tensor(lengths)
