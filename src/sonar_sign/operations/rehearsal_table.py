"""What a run needed, step by step: seconds, memory, disk."""

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sonar_sign.operations.rehearsal_monitor import Peaks
from sonar_sign.operations.training_cost import GB

# Rules whose files are told apart by the name of a training, a video encoder or a system.
NAMED = ("train", "extract", "predict")


@dataclass
class StepCost:
    """What all jobs of a step needed together; memory is that of the largest."""

    step: str
    jobs: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    memory_gb: float = 0.0
    """Peak of one job with its processes; 0: not seen."""
    private_gb: float = 0.0
    """The same without pages of files."""
    disk_gb: float = 0.0


def costs_of(project: Path, peaks: Peaks) -> list[StepCost]:
    """The costs of a finished run, the longest step first.

    Args:
        project: the folder in which Snakemake ran; its benchmark files give the times.
    """
    costs: dict[str, StepCost] = {}

    def of(step: str) -> StepCost:
        return costs.setdefault(step, StepCost(step))

    for path in sorted(project.glob("results/**/benchmarks/**/*.tsv")):
        cost = of(_step_of_benchmark(path))
        cost.jobs += 1
        seconds, cpu_seconds = _times(path)
        cost.seconds += seconds
        cost.cpu_seconds += cpu_seconds
    for step, n_bytes in peaks.steps.items():
        of(step).memory_gb = n_bytes / GB
        of(step).private_gb = peaks.private[step] / GB
    for path in _files(project):
        step = _step_of_output(path.relative_to(project))
        if step is not None:
            of(step).disk_gb += path.stat().st_size / GB
    return sorted(costs.values(), key=lambda cost: -cost.seconds)


def _files(project: Path) -> Iterable[Path]:
    folders = [project / "results", project / "resources"]
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                yield path


def _step_of_benchmark(path: Path) -> str:
    """The step of `results/.../benchmarks/{rule}[/{name}/...].tsv`."""
    parts = path.with_suffix("").parts
    rule, *rest = parts[len(parts) - parts[::-1].index("benchmarks") :]
    return f"{rule} {rest[0]}" if rule in NAMED and rest else rule


def _step_of_output(path: Path) -> str | None:
    """The step that writes a file, for those that write much."""
    parts = path.parts
    if parts[0] == "resources":
        return "fetch_model"
    if len(parts) < 4:
        return None
    kind, name = parts[2], parts[3]
    return {
        "clips": "crop",
        "features": f"extract {name}",
        "targets": "embed_text",
        "checkpoints": f"train {name}",
        "training": f"train {name}",
        "predictions": f"predict {name}",
    }.get(kind)


def _times(path: Path) -> tuple[float, float]:
    """Seconds and CPU seconds of a job; a job that was too short to be measured has none."""
    with path.open(newline="") as file:
        row = next(csv.DictReader(file, delimiter="\t"), {})
    return _number(row.get("s")), _number(row.get("cpu_time"))


def _number(text: str | None) -> float:
    try:
        return float(text or "")
    except ValueError:
        return 0.0


def as_table(costs: list[StepCost], peaks: Peaks) -> str:
    """The costs as a Markdown table, which is also one for people."""
    head = ["step", "jobs", "s", "CPU s", "peak GB", "of it no file", "disk GB"]
    rows = [
        [
            cost.step,
            str(cost.jobs or ""),
            f"{cost.seconds:.1f}",
            f"{cost.cpu_seconds:.1f}",
            f"{cost.memory_gb:.2f}" if cost.memory_gb else "",
            f"{cost.private_gb:.2f}" if cost.memory_gb else "",
            f"{cost.disk_gb:.3f}" if cost.disk_gb >= 0.0005 else "",
        ]
        for cost in costs
    ]
    sums = [
        "all",
        str(sum(cost.jobs for cost in costs)),
        f"{sum(cost.seconds for cost in costs):.1f}",
        f"{sum(cost.cpu_seconds for cost in costs):.1f}",
        f"{peaks.together / GB:.2f}" if peaks.together else "",
        "",
        f"{sum(cost.disk_gb for cost in costs):.3f}",
    ]
    table = [head, *rows, sums]
    widths = [max(len(row[n]) for row in table) for n in range(len(head))]

    def line(row: list[str]) -> str:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        return f"| {' | '.join(cells)} |"

    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(head), line(rule), *map(line, rows), line(sums)])


def as_values(costs: list[StepCost], peaks: Peaks) -> dict[str, Any]:
    """The costs as plain values."""
    return {
        "steps": [asdict(cost) for cost in costs],
        "peak_of_all_processes_gb": peaks.together / GB,
    }
