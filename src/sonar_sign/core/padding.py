"""Clips of different lengths as one tensor."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def padded(clips: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    """Pad clips `(n, dim)` with zeros to `(n_clips, longest, dim)` float32.

    If no clip has a row, the result still has one row of zeros.

    Returns:
        The padded clips, and the clips' lengths `(n_clips,)` int64.
    """
    lengths = [len(clip) for clip in clips]
    rows = np.zeros((len(clips), max(1, *lengths), clips[0].shape[1]), np.float32)
    for row, clip in zip(rows, clips, strict=True):
        row[: len(clip)] = clip
    return torch.from_numpy(rows), torch.tensor(lengths)
