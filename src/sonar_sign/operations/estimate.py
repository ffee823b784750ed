"""`estimate`: what a run of a config takes in core hours, GPU hours, disk and time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file
from sonar_sign.core.tables import read_columns
from sonar_sign.corpora import TYPES
from sonar_sign.features.windows import WindowConfig, windows_of

# Duarte et al. 2021 (arXiv 2008.08143): 80 hours in all.
OFFICIAL_HOURS = {"how2sign": 80.0}
OFFICIAL_FPS = 24.0
# docs/models.md has the numbers of parameters; a weight has four bytes in a checkpoint.
HIERA_PARAMETERS, ENCODER_PARAMETERS = 51_097_936, 752_088_064
FEATURE_BYTES = 768 * 2
# AdamW keeps two numbers beside every trained weight.
SAVED_TO_GO_ON = 3
HOUR_S, GB = 3600, 1e9


@dataclass(frozen=True)
class Workload:
    """What one split gives the models to do."""

    clips: int
    hours: float
    features: int
    tflop: float
    """Of one forward pass of SignHiera over all windows."""
    source: str
    """Where the durations are from."""


@dataclass(frozen=True)
class Step:
    """What one step takes."""

    name: str
    core_hours: float = 0.0
    gpu_hours: float = 0.0
    disk_gb: float = 0.0
    shared: bool = True
    """Whether GPUs share its work without loss, as shards do; training loses some."""


@dataclass(frozen=True)
class Estimate:
    """All steps, and how they were reckoned."""

    steps: Sequence[Step]
    loads: Mapping[str, Workload]
    rates: Mapping[str, dict[str, Any]]

    @property
    def disk_gb(self) -> float:
        return sum(step.disk_gb for step in self.steps)

    def wall_hours(self, gpus: int, cores: int) -> float:
        """Cropping on all cores, then everything else on the GPUs, one step after the other."""
        efficiency = self.rates["efficiency_of_several_gpus"]["value"]
        trained_by = 1 + (gpus - 1) * efficiency
        return sum(
            step.core_hours / cores + step.gpu_hours / (gpus if step.shared else trained_by)
            for step in self.steps
        )


def read_config(paths: Sequence[Path]) -> dict[str, Any]:
    """Config files put one into the other key by key, as Snakemake does.

    Raises:
        UserError: one is missing or no YAML mapping.
    """
    merged: dict[str, Any] = {}
    for path in paths:
        text = require_file(path, "The config").read_text(encoding="utf-8")
        try:
            values = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise UserError(f"{path} is not YAML ({error.__class__.__name__}); mend it.") from error
        if not isinstance(values, dict):
            raise UserError(f"{path} holds no keys; give a config of the workflow.")
        merged = _put_in(merged, values)
    return merged


def _put_in(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    both = {
        key: _put_in(base[key], value)
        for key, value in changes.items()
        if isinstance(value, dict) and isinstance(base.get(key), dict)
    }
    return {**base, **changes, **both}


def read_rates(path: Path | None = None) -> dict[str, dict[str, Any]]:
    """`rates.yaml`, with another file's numbers in place of its own.

    Raises:
        UserError: the other file names an unknown rate or holds no positive number.
    """
    text = resources.files(__package__).joinpath("rates.yaml").read_text(encoding="utf-8")
    rates = yaml.safe_load(text)
    for name, value in (read_config([path]) if path else {}).items():
        if name not in rates:
            raise UserError(f"{path}: {name} is not a rate; known are {', '.join(rates)}.")
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise UserError(f"{path}: {name} cannot be {value!r}; give a number above 0.")
        rates[name] = {"value": value, "measured": False, "source": str(path)}
    return rates


def estimate(
    config: Mapping[str, Any], rates: Mapping[str, dict[str, Any]], results: Path = Path("results")
) -> Estimate:
    """Reckon what a run from nothing takes.

    Args:
        config: the workflow's, whole.
        rates: see `read_rates`.
        results: the folder in which the workflow writes; manifests there give the durations,
            without them the corpus's official counts and hours.

    Raises:
        UserError: there is neither a manifest of a split nor an official count.
    """
    values = {name: rate["value"] for name, rate in rates.items()}
    corpora = {config["corpus"]["name"]: config["corpus"], **config.get("further_training", {})}
    loads = {
        f"{name}, {split}": _load(name, corpus["type"], split, results, values)
        for name, corpus in corpora.items()
        for split in corpus["shards"]
    }
    name, split = config["corpus"]["name"], config["evaluate"]["split"]
    if f"{name}, {split}" not in loads:
        raise UserError(f"In the config: corpus.shards lacks {split!r}, which this run needs.")
    tested = loads[f"{name}, {split}"]
    training = [load for key, load in loads.items() if key.endswith(", train")]
    steps = _steps(config, list(loads.values()), training, tested, values)
    return Estimate(steps, loads, rates)


def _steps(
    config: Mapping[str, Any],
    loads: Sequence[Workload],
    training: Sequence[Workload],
    tested: Workload,
    rate: Mapping[str, float],
) -> list[Step]:
    systems = set(config["systems"])
    hours = sum(load.hours for load in loads)
    steps = [
        Step(
            "crop",
            core_hours=hours / rate["crop_source_hours_per_core_hour"],
            disk_gb=hours * HOUR_S * rate["clip_mb_per_source_s"] / 1e3,
        ),
        Step("fetch_model", disk_gb=rate["models_gb"]),
    ]
    if "zero_shot" in systems:
        steps.append(_extract("extract, pretrained", [tested], rate))
    if systems & {"stage1", "finetuned"}:
        steps += [_stage1(config, training, rate), _extract("extract, stage1", loads, rate)]
    if "finetuned" in systems:
        steps.append(_stage2(config, training, rate))
    decoded = tested.clips * len(systems) * len(config["languages"]["outputs"])
    seconds = decoded / rate["decoded_clips_per_gpu_s"]
    return [*steps, Step("predict", gpu_hours=seconds / HOUR_S)]


def _extract(name: str, loads: Sequence[Workload], rate: Mapping[str, float]) -> Step:
    return Step(
        name,
        gpu_hours=sum(load.tflop for load in loads) / rate["gpu_tflop_per_s"] / HOUR_S,
        disk_gb=sum(load.features for load in loads) * FEATURE_BYTES / GB,
    )


def _stage1(
    config: Mapping[str, Any], training: Sequence[Workload], rate: Mapping[str, float]
) -> Step:
    epochs = config["finetune"]["stage1"]["epochs"]
    tflop = sum(load.tflop for load in training) * epochs * rate["stage1_forward_passes"]
    return Step(
        "finetune_stage1",
        gpu_hours=tflop / rate["gpu_tflop_per_s"] / HOUR_S,
        disk_gb=HIERA_PARAMETERS * 4 * (1 + SAVED_TO_GO_ON) / GB,
        shared=False,
    )


def _stage2(
    config: Mapping[str, Any], training: Sequence[Workload], rate: Mapping[str, float]
) -> Step:
    """Six operations a parameter and feature, forward and backward (Kaplan et al. 2020, 2.1)."""
    features = sum(load.features for load in training)
    tflop = 6 * ENCODER_PARAMETERS * features * config["finetune"]["stage2"]["epochs"] / 1e12
    return Step(
        "finetune_stage2",
        gpu_hours=tflop / rate["gpu_tflop_per_s_small"] / HOUR_S,
        disk_gb=ENCODER_PARAMETERS * 4 * (1 + SAVED_TO_GO_ON) / GB,
        shared=False,
    )


def _load(
    name: str, corpus_type: str, split: str, results: Path, rate: Mapping[str, float]
) -> Workload:
    manifest = Path(results) / name / "manifests" / f"{split}.tsv"
    if manifest.is_file():
        table = read_columns(manifest, ("n_frames", "fps"))
        try:
            clips = [
                (int(n), float(fps)) for n, fps in zip(table["n_frames"], table["fps"], strict=True)
            ]
        except ValueError as error:
            raise UserError(f"{manifest}: {error}; prepare again.") from error
        return _sum(clips, str(manifest), rate)
    counts = TYPES[corpus_type].official_counts
    if split not in counts or corpus_type not in OFFICIAL_HOURS:
        raise UserError(
            f"{manifest} is missing and corpora of type {corpus_type} have no official counts; "
            f"make it first: snakemake --cores 4 {manifest}."
        )
    # All sentences as long as the mean one: windows of long ones cost more than that.
    n = counts[split]["paper"]
    of_all = sum(count["paper"] for count in counts.values())
    frames = round(OFFICIAL_HOURS[corpus_type] * HOUR_S / of_all * OFFICIAL_FPS)
    said = f"official: {n} sentences, all as long as the mean of 80 hours"
    return _sum([(frames, OFFICIAL_FPS)] * n, said, rate)


def _sum(clips: Sequence[tuple[int, float]], source: str, rate: Mapping[str, float]) -> Workload:
    known: dict[tuple[int, float], tuple[int, float]] = {}
    for clip in clips:
        if clip not in known:
            known[clip] = _cost(*clip, rate)
    return Workload(
        clips=len(clips),
        hours=sum(n_frames / fps for n_frames, fps in clips) / HOUR_S,
        features=sum(known[clip][0] for clip in clips),
        tflop=sum(known[clip][1] for clip in clips),
        source=source,
    )


def _cost(n_frames: int, fps: float, rate: Mapping[str, float]) -> tuple[int, float]:
    """Features of a clip, and TFLOP of SignHiera over its windows, padding left out."""
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


def as_text(found: Estimate, gpus: Sequence[int], cores: int) -> str:
    """The estimate for people: steps, wall time by number of GPUs, and what it rests on."""
    lines = [f"{'step':22}{'core h':>9}{'GPU h':>9}{'disk GB':>9}"]
    for step in found.steps:
        numbers = step.core_hours, step.gpu_hours, step.disk_gb
        lines.append(f"{step.name:22}" + "".join(f"{n:9.1f}" if n else f"{'':9}" for n in numbers))
    totals = [
        sum(getattr(step, name) for step in found.steps)
        for name in ("core_hours", "gpu_hours", "disk_gb")
    ]
    lines += [f"{'together':22}" + "".join(f"{n:9.1f}" for n in totals), ""]
    lines += [
        f"{n} GPU{'s' if n > 1 else ' '} and {cores} cores: {found.wall_hours(n, cores):7.1f} hours"
        for n in gpus
    ]
    lines += ["", "Durations:"]
    lines += [
        f"  {name}: {load.clips} clips, {load.hours:.1f} hours ({load.source})"
        for name, load in found.loads.items()
    ]
    for title, measured in (("MetricStatistics rates:", True), ("ASSUMED, not measured:", False)):
        lines += ["", title]
        lines += [
            f"  {name} {rate['value']:g}: {rate['source']}"
            for name, rate in found.rates.items()
            if rate["measured"] is measured
        ]
    return "\n".join(lines)
