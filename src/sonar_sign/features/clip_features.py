"""Windows of clips through SignHiera: packed into batches, each clip's features put together again.

How2Sign's clips keep nearly every number of units there is, so batches of equal windows would be
small. SignHiera computes windows of any lengths together; a batch is therefore as many windows,
of whatever clips, as a budget of units holds.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from sonar_sign.core.devices import autocast
from sonar_sign.features.clip_windows import ClipWindows, to_input
from sonar_sign.models.sign_hiera import SignHiera


@dataclass(frozen=True, eq=False)
class ClipFeatures:
    """What SignHiera says of one clip."""

    clip_id: str
    features: Tensor
    """`(n_features, dim)` float32 on the model's device, windows one after the other."""
    milliseconds: float
    """The clip's share of its batches' time, by units: what it costs, not how long it waited."""


@dataclass(eq=False)
class _Open:
    """A clip of which some windows are still to be computed."""

    clip: ClipWindows
    parts: list[Tensor] = field(default_factory=list)
    milliseconds: float = 0.0


@torch.inference_mode()
def clip_features(
    model: SignHiera, clips: Iterable[ClipWindows], batch_units: int, precision: str
) -> Iterator[ClipFeatures]:
    """The features of clips, in their order.

    Args:
        batch_units: most units (see `sonar_sign.models.sign_hiera`) computed together; a window
            that holds more is a batch of its own.
        precision: `fp32`, `bf16` or `fp16`.
    """
    waiting: list[_Open] = []
    batch: list[tuple[_Open, int]] = []
    n_units = 0
    for clip in clips:
        waiting.append(_Open(clip))
        for row, padding in enumerate(clip.padding_frames.tolist()):
            units = model.config.kept_units(padding)
            if batch and n_units + units > batch_units:
                _forward(model, batch, precision)
                batch, n_units = [], 0
            batch.append((waiting[-1], row))
            n_units += units
        while waiting and len(waiting[0].parts) == len(waiting[0].clip.frames):
            yield _whole(waiting.pop(0))
    if batch:
        _forward(model, batch, precision)
    yield from map(_whole, waiting)


def _whole(done: _Open) -> ClipFeatures:
    return ClipFeatures(done.clip.clip_id, torch.cat(done.parts), done.milliseconds)


def _forward(model: SignHiera, batch: list[tuple[_Open, int]], precision: str) -> None:
    device = next(model.parameters()).device
    started = time.perf_counter()
    windows = [clip.clip.frames[row].to(device, non_blocking=True) for clip, row in batch]
    padding = torch.stack([clip.clip.padding_frames[row] for clip, row in batch])
    with autocast(device, precision):
        parts = model.features(to_input(torch.stack(windows)), padding)
    parts = [part.float() for part in parts]
    if device.type == "cuda":
        torch.cuda.synchronize(device)  # or the clock would stop before the work does
    unit_ms = 1000 * (time.perf_counter() - started) / sum(map(len, parts))
    for (clip, _), part in zip(batch, parts, strict=True):
        clip.parts.append(part)
        clip.milliseconds += unit_ms * len(part)
