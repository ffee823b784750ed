"""SignHiera over windows of clips: windows are packed into batches, features regrouped by clip.

A window at the end of a clip is padded, and only its units without padding are computed. Nearly
every number of units occurs in How2Sign, so batches of equally long windows would be small.
SignHiera computes windows of different lengths together; a batch is therefore as many windows, of
any clips, as a budget of units allows.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from sonar_sign.core.devices import autocast, timer_on
from sonar_sign.features.clip_windows import ClipWindows, to_input
from sonar_sign.models.sign_hiera import SignHiera


@dataclass(frozen=True, eq=False)
class ClipFeatures:
    """SignHiera's features of one clip."""

    clip_id: str
    features: Tensor
    """`(n_features, dim)` float32 on the model's device, windows one after the other."""
    milliseconds: float
    """The time of its batches, shared among the batch's clips in proportion to their units."""


@dataclass(eq=False)
class _PendingClip:
    """A clip some of whose windows are not computed yet."""

    clip: ClipWindows
    parts: list[Tensor] = field(default_factory=list)
    milliseconds: float = 0.0


@torch.inference_mode()
def clip_features(
    model: SignHiera, clips: Iterable[ClipWindows], batch_units: int, precision: str
) -> Iterator[ClipFeatures]:
    """Yield the features of clips, in the order of the clips.

    Args:
        batch_units: how many units (see `sonar_sign.models.sign_hiera`) are computed together at
            most; a window with more is a batch of its own.
        precision: `fp32`, `bf16` or `fp16`.
    """
    pending: list[_PendingClip] = []
    batch: list[tuple[_PendingClip, int]] = []
    n_units = 0
    for clip in clips:
        pending.append(_PendingClip(clip))
        for row, padding in enumerate(clip.padding_frames.tolist()):
            units = model.config.kept_units(padding)
            if batch and n_units + units > batch_units:
                _forward(model, batch, precision)
                batch, n_units = [], 0
            batch.append((pending[-1], row))
            n_units += units
        while pending and len(pending[0].parts) == len(pending[0].clip.frames):
            yield _finished(pending.pop(0))
    if batch:
        _forward(model, batch, precision)
    yield from map(_finished, pending)


def _finished(done: _PendingClip) -> ClipFeatures:
    return ClipFeatures(done.clip.clip_id, torch.cat(done.parts), done.milliseconds)


def _forward(model: SignHiera, batch: list[tuple[_PendingClip, int]], precision: str) -> None:
    device = next(model.parameters()).device
    timer = timer_on(device)
    windows = [clip.clip.frames[row].to(device, non_blocking=True) for clip, row in batch]
    padding = torch.stack([clip.clip.padding_frames[row] for clip, row in batch])
    with autocast(device, precision):
        parts = model.features(to_input(torch.stack(windows)), padding)
    parts = [part.float() for part in parts]
    unit_ms = timer.lap("sign_hiera") / sum(map(len, parts))
    for (clip, _), part in zip(batch, parts, strict=True):
        clip.parts.append(part)
        clip.milliseconds += unit_ms * len(part)
