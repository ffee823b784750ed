"""What inference costs: time by stage, memory, parameters, files."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn


def spread(milliseconds: Sequence[float]) -> dict[str, float]:
    """`mean`, `median` and `p95` (95th percentile) of the milliseconds of clips."""
    values = np.asarray(milliseconds)
    return {
        "mean": float(values.mean()),
        "median": float(np.median(values)),
        "p95": float(np.percentile(values, 95)),
    }


def n_parameters(model: nn.Module) -> int:
    """Parameters of a model, those with several names once."""
    return sum(parameter.numel() for parameter in model.parameters())


def bytes_of(paths: Iterable[Path]) -> int:
    """Size of files, and of all files in folders."""
    files = [file for path in map(Path, paths) for file in ([path, *path.rglob("*")])]
    return sum(file.stat().st_size for file in files if file.is_file())


def cost(
    models: Mapping[str, nn.Module], files: Iterable[Path], peak_memory_gb: float
) -> dict[str, Any]:
    """What stands under `cost` in a run info."""
    return {
        "parameters": {name: n_parameters(model) for name, model in models.items()},
        "bytes_on_disk": bytes_of(files),
        "peak_memory_gb": round(peak_memory_gb, 3),
    }
