"""How much there is to compute in a split: clips, hours, windows of SignHiera, features."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import read_columns
from sonar_sign.corpora import TYPES
from sonar_sign.features.windows import WindowConfig, windows_of

HOUR_S = 3600
# Duarte et al. 2021 (arXiv 2008.08143): 80 hours in all.
OFFICIAL_HOURS = {"how2sign": 80.0}
OFFICIAL_FPS = 24.0


@dataclass(frozen=True)
class Workload:
    """What the clips of one split, or of several, give the models to compute."""

    clips: float
    """How many; no whole number where a training samples a share of them."""
    hours: float
    frames: float
    """Frames of the videos, all of them."""
    features: float
    tflop: float
    """Of one forward pass of SignHiera over all windows."""
    source: str = ""
    """Where the durations are from."""


def total(parts: Iterable[tuple[Workload, float]]) -> Workload:
    """The sum of workloads, each times its weight."""
    parts = list(parts)
    names = ("clips", "hours", "frames", "features", "tflop")
    return Workload(
        **{name: sum(getattr(load, name) * weight for load, weight in parts) for name in names}
    )


def workload_of(
    corpus: str, corpus_type: str, split: str, results: Path, rate: Mapping[str, float]
) -> Workload:
    """The workload of a split: of its manifest, or of the corpus's official numbers.

    Args:
        rate: by name, see `rates.yaml`.

    Raises:
        UserError: there is neither a manifest nor an official number of sentences.
    """
    manifest = Path(results) / corpus / "manifests" / f"{split}.tsv"
    if manifest.is_file():
        return _sum(_read_clips(manifest), str(manifest), rate)
    counts = TYPES[corpus_type].official_counts
    if split not in counts or corpus_type not in OFFICIAL_HOURS:
        raise UserError(
            f"{manifest} is missing and corpora of type {corpus_type} have no official number of "
            f"sentences; make it first: .venv/bin/snakemake --cores 4 {manifest}."
        )
    # All sentences as long as the mean one: windows of long ones cost more than that.
    n = counts[split]["paper"]
    of_all = sum(count["paper"] for count in counts.values())
    frames = round(OFFICIAL_HOURS[corpus_type] * HOUR_S / of_all * OFFICIAL_FPS)
    source = f"official: {n} sentences, all as long as the mean of 80 hours"
    return _sum([(frames, OFFICIAL_FPS)] * n, source, rate)


def _read_clips(manifest: Path) -> list[tuple[int, float]]:
    """Frames, and frames per second, of every clip."""
    table = read_columns(manifest, ("n_frames", "fps"))
    try:
        return [
            (int(n), float(fps)) for n, fps in zip(table["n_frames"], table["fps"], strict=True)
        ]
    except ValueError as error:
        raise UserError(f"{manifest}: {error}; prepare again.") from error


def _sum(clips: list[tuple[int, float]], source: str, rate: Mapping[str, float]) -> Workload:
    costs = {clip: _cost(*clip, rate) for clip in set(clips)}
    return Workload(
        clips=len(clips),
        hours=sum(n_frames / fps for n_frames, fps in clips) / HOUR_S,
        frames=sum(n_frames for n_frames, _ in clips),
        features=sum(costs[clip][0] for clip in clips),
        tflop=sum(costs[clip][1] for clip in clips),
        source=source,
    )


def _cost(n_frames: int, fps: float, rate: Mapping[str, float]) -> tuple[int, float]:
    """Features of a clip, and TFLOP of SignHiera over its windows without their padding."""
    import numpy as np

    full = WindowConfig().num_frames
    at = [0, 32, 64, full]
    cost = [0.0] + [rate[f"hiera_gflop_per_window_at_{frames}_frames"] / 1e3 for frames in at[1:]]
    windows = windows_of(n_frames, fps)
    tflop = sum(float(np.interp(full - window.padding_frames, at, cost)) for window in windows)
    # Where windows overlap a feature is kept once: one for every two sampled frames.
    step_s = WindowConfig().sampling_rate / WindowConfig().target_fps
    features = max(1, round(n_frames / fps / step_s / WindowConfig().frames_per_unit))
    return features, tflop
