"""The cost of inference: time by stage, memory, parameters, size of the files."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from sonar_sign.core.devices import n_parameters
from sonar_sign.core.errors import UserError
from sonar_sign.translation.predictions import read_record


def spread(milliseconds: Sequence[float]) -> dict[str, float]:
    """`mean`, `median` and `p95` (95th percentile) of milliseconds per clip."""
    values = np.asarray(milliseconds)
    return {
        "mean": float(values.mean()),
        "median": float(np.median(values)),
        "p95": float(np.percentile(values, 95)),
    }


def feature_times(paths: Sequence[Path], clip_ids: Sequence[str]) -> dict[str, list[float]]:
    """Milliseconds of every clip in the steps before prediction, by stage.

    Args:
        paths: `.timings.json` of shards, each `{clip_id: {stage: milliseconds}}`. The stages of a
            clip may be in several files, such as `crop`'s and `extract`'s.

    Raises:
        UserError: a file is missing, or a clip lacks a stage.
    """
    times: dict[str, dict[str, float]] = defaultdict(dict)
    for path in paths:
        for clip_id, stages in read_record(path, "The timings").items():
            times[clip_id] |= stages
    stages = sorted({stage for clip_id in clip_ids for stage in times[clip_id]})
    for clip_id in clip_ids:
        if not times[clip_id] or len(times[clip_id]) < len(stages):
            raise UserError(f"No timings for clip {clip_id}; extract its features again.")
    return {stage: [times[clip_id][stage] for clip_id in clip_ids] for stage in stages}


def summarise_timings(times: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """The `timings_ms` of a run, by stage, and `inference_ms_per_clip`, the sum of their means."""
    spreads = {stage: spread(of_clips) for stage, of_clips in times.items()}
    total = sum(of_stage["mean"] for of_stage in spreads.values())
    return {"timings_ms": spreads, "inference_ms_per_clip": total}


def cost(
    models: Mapping[str, nn.Module], files: Iterable[Path], peak_memory_gb: float
) -> dict[str, Any]:
    """The entry `cost` of the timings of a run."""
    return {
        "parameters": {name: n_parameters(model) for name, model in models.items()},
        "bytes_on_disk": sum(Path(file).stat().st_size for file in files),
        "peak_memory_gb": round(peak_memory_gb, 3),
    }
