"""An estimate in words: its steps, its time by number of GPUs, and what it was computed with."""

from collections.abc import Sequence

from sonar_sign.operations.estimate import Estimate, Step
from sonar_sign.operations.memory import too_large

COLUMNS = ("core h", "GPU h", "disk GB", "memory GB")


def as_text(found: Estimate, gpus: Sequence[int], cores: int, machine_gb: float) -> str:
    """The estimate for people: steps, time by number of GPUs, and what it was computed with.

    Args:
        machine_gb: the memory of this machine.
    """
    lines = _table(found)
    if found.loads:
        lines += ["", *_times(found, gpus, cores)]
    lines += ["", *found.notes] if found.notes else []
    tight = too_large(found.memory_gb, machine_gb)
    lines += ["", *tight] if tight else []
    if found.loads:
        lines += ["", "Durations:"]
    lines += [
        f"  {name}: {load.clips} clips, {load.hours:.1f} hours ({load.source})"
        for name, load in found.loads.items()
    ]
    for title, measured in (("Measured rates:", True), ("ASSUMED, not measured:", False)):
        lines += ["", title]
        lines += [
            f"  {name} {rate['value']:g}: {rate['source']}"
            for name, rate in found.rates.items()
            if rate["measured"] is measured
        ]
    return "\n".join(lines)


def rows_of(found: Estimate) -> list[tuple[str, ...]]:
    """The steps and their total, as cells; memory is that of one job, and the most of any."""
    numbers = [
        (title_of(step), step.core_hours, step.gpu_hours, step.disk_gb, step.memory_gb)
        for step in found.steps
    ]
    columns = list(zip(*numbers, strict=True))
    total = ("total", *(sum(column) for column in columns[1:4]), max(columns[4]))
    return [
        (title, *(f"{value:.1f}" if value else "" for value in values))
        for title, *values in (*numbers, total)
    ]


def _table(found: Estimate) -> list[str]:
    rows = rows_of(found)
    width = max(22, *(len(title) + 2 for title, *_ in rows))
    table = [("step", *COLUMNS), *rows]
    return [
        f"{row[0]:{width}}{''.join(f'{cell:>11}' for cell in row[1:])}".rstrip() for row in table
    ]


def _times(found: Estimate, gpus: Sequence[int], cores: int) -> list[str]:
    return [
        f"{n} GPU{'s' if n > 1 else ' '} and {cores} cores: {found.wall_hours(n, cores):7.1f} hours"
        for n in gpus
    ]


def title_of(step: Step) -> str:
    """Its name, with the number of seeds where there are several."""
    return f"{step.name}, {step.runs} seeds" if step.runs > 1 else step.name
