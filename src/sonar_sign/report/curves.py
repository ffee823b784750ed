"""Training curves: loss and validation scores by step, with their spread over seeds."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from sonar_sign.core.figures import figure
from sonar_sign.core.files import require_file
from sonar_sign.evaluation.seeds import split_seed

# Columns of validation, with their labels and what they are multiplied by.
VALIDATION = (("val/cosine", "cosine x 100", 100), ("val/bleu_4", "BLEU-4", 1))

Rows = list[dict[str, str]]


def draw_curves(curves: Mapping[str, Path], path: Path) -> None:
    """Draw the training loss and the validation's cosine and BLEU-4, a row per training.

    Of several seeds the line is the mean and the band reaches from the lowest to the highest.

    Args:
        curves: `curves.csv` by training; those of one training with `.seedN` at the end of their
            names are drawn together.

    Raises:
        UserError: a file is missing.
    """
    if not curves:
        with figure(path) as (_, (axes,)):
            say(axes, "nothing was trained")
        return
    trainings: dict[str, list[Rows]] = {}
    for name, file in curves.items():
        trainings.setdefault(split_seed(name)[0], []).append(_read(file))
    with figure(path, rows=len(trainings), size=(8, 3 * len(trainings))) as (_, rows):
        for (name, runs), axes in zip(trainings.items(), rows, strict=True):
            _draw_training(axes, name, runs)


def say(axes, text: str) -> None:
    """Write a sentence where there is nothing to draw."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)


def over_runs(
    runs: Sequence[tuple[Sequence[float], Sequence[float]]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Steps of several runs, and the mean, lowest and highest value at each.

    At a step that only some of the runs have, those count.

    Args:
        runs: steps and values of each.
    """
    by_step: dict[float, list[float]] = {}
    for steps, values in runs:
        for step, value in zip(steps, values, strict=True):
            by_step.setdefault(step, []).append(value)
    ordered = sorted(by_step)
    of_step = [by_step[step] for step in ordered]
    summaries = [[summary(values) for values in of_step] for summary in (np.mean, min, max)]
    return np.array(ordered), *map(np.array, summaries)


def _draw_training(axes, name: str, runs: Sequence[Rows]) -> None:
    seeds = f", {len(runs)} seeds: mean, lowest and highest" if len(runs) > 1 else ""
    _draw(axes, runs, "train/loss", linewidth=0.8, color="tab:gray")
    axes.set(title=name + seeds, xlabel="step", ylabel="training loss")
    axes.set_yscale("log")
    right = axes.twinx()
    for column, label, factor in VALIDATION:
        if any(column in (rows[0] if rows else ()) for rows in runs):
            _draw(right, runs, column, factor, marker="o", label=label)
    right.set(ylabel="validation", ylim=(0, 100))
    right.legend(frameon=False, fontsize="small", loc="lower right")


def _draw(axes, runs: Sequence[Rows], column: str, factor: float = 1, **style) -> None:
    steps, mean, lowest, highest = over_runs([_points(rows, column) for rows in runs])
    (line,) = axes.plot(steps, factor * mean, **style)
    if len(runs) > 1:
        axes.fill_between(
            steps, factor * lowest, factor * highest, color=line.get_color(), alpha=0.2, linewidth=0
        )


def _read(file: Path) -> Rows:
    with require_file(file, "The training curves").open(newline="") as table:
        return list(csv.DictReader(table))


def _points(rows: Rows, column: str) -> tuple[list[float], list[float]]:
    """Steps at which a column of the curves has a value, and the values."""
    known = [(float(row["step"]), float(row[column])) for row in rows if row.get(column)]
    return [step for step, _ in known], [value for _, value in known]
