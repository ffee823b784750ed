"""`plot`: the pictures of a report, from a comparison, training curves and dropped clips."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sonar_sign.core.figures import figure
from sonar_sign.core.tables import read_columns
from sonar_sign.evaluation.comparison_table import read_comparison
from sonar_sign.metrics.registry import METRICS
from sonar_sign.report.comparison_page import write_page
from sonar_sign.report.curves import draw_curves, say

PLOTTED = {name: metric.title for name, metric in METRICS.items() if metric.plotted}
BREAKDOWNS = {
    "reference_length": "length of the reference",
    "duration": "duration of the clip",
    "signer": "signer",
    "word_frequency": "frequency of the word in training",
}
FILES = (
    "metrics.svg",
    "speed.svg",
    "curves.svg",
    "dropped.svg",
    "comparison.html",
    *(f"{by}.svg" for by in BREAKDOWNS),
)


def plot(
    comparison: Path, curves: Mapping[str, Path], dropped: Mapping[str, Path], folder: Path
) -> None:
    """Write `FILES` into a folder.

    Args:
        comparison: what `compare` wrote.
        curves: `curves.csv` of trainings, by name; `stage2.seed2` is another seed of `stage2`.
        dropped: `.dropped.tsv` tables, by split.

    Raises:
        UserError: a file is missing or malformed.
    """
    record = read_comparison(comparison)
    folder = Path(folder)
    _metrics(record, folder / "metrics.svg")
    _speed(record, folder / "speed.svg")
    draw_curves(curves, folder / "curves.svg")
    _dropped(dropped, folder / "dropped.svg")
    for by, title in BREAKDOWNS.items():
        _breakdown(record["breakdowns"].get(by), title, folder / f"{by}.svg", by)
    write_page(record, folder / "comparison.html")


def _metrics(record: dict[str, Any], path: Path) -> None:
    """Bars with their intervals, and the best floor as a line."""
    systems = record["systems"]
    width = 0.8 / len(systems)
    shown = [m for m in PLOTTED if all(m in scores for scores in systems.values())]
    one_video = record["intervals"]["n_videos"] == 1
    with figure(path, size=(8, 4)) as (made, (axes,)):
        for place, (name, scores) in enumerate(systems.items()):
            offset = (place - (len(systems) - 1) / 2) * width
            at = [number + offset for number in range(len(shown))]
            values = [scores[metric]["value"] for metric in shown]
            # Where there is no interval, there is no bar of zero length either.
            known = [(x, scores[m]) for x, m in zip(at, shown, strict=True) if "low" in scores[m]]
            axes.bar(at, values, 0.9 * width, label=name)
            if known:
                below = [max(0.0, cell["value"] - cell["low"]) for _, cell in known]
                above = [max(0.0, cell["high"] - cell["value"]) for _, cell in known]
                axes.errorbar([x for x, _ in known], [cell["value"] for _, cell in known],
                              [below, above], fmt="none", ecolor="black", elinewidth=1)  # fmt: skip
        for number, metric in enumerate(shown):
            floors = [f[metric]["value"] for f in record["floors"].values() if metric in f]
            if floors:
                axes.hlines(max(floors), number - 0.45, number + 0.45, colors="black",
                            linestyles="dotted",
                            label="best floor" if number == 0 else None)  # fmt: skip
        axes.set_xticks(range(len(shown)), [PLOTTED[metric] for metric in shown])
        intervals = record["intervals"]["note"] if one_video else "with 95 % intervals"
        axes.set(ylabel=f"score, {intervals}", ylim=(0, 100))
        made.legend(loc="outside upper center", frameon=False, fontsize="small", ncols=4)


def _speed(record: dict[str, Any], path: Path) -> None:
    """A point per system."""
    with figure(path) as (_, (axes,)):
        for name, scores in record["systems"].items():
            speed = scores["inference_ms_per_clip"]["value"]
            if speed is not None:
                axes.scatter([speed], [scores["bleu_4"]["value"]], label=name)
        axes.set(xlabel="inference, milliseconds per clip", ylabel="BLEU-4")
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        if axes.has_data():
            axes.legend(frameon=False, fontsize="small")
        else:
            say(axes, "the speed of these systems is not known")


def _dropped(dropped: Mapping[str, Path], path: Path) -> None:
    counts = {
        split: Counter(read_columns(table, ("reason",), key=None)["reason"])
        for split, table in dropped.items()
    }
    reasons = sorted({reason for of_split in counts.values() for reason in of_split})
    with figure(path) as (_, (axes,)):
        if not reasons:
            say(axes, "no clip was dropped")
            return
        left = [0] * len(reasons)
        for split, of_split in counts.items():
            values = [of_split[reason] for reason in reasons]
            axes.barh(reasons, values, left=left, label=split)
            left = [total + value for total, value in zip(left, values, strict=True)]
        axes.set(xlabel="annotated sentences that cannot be used")
        axes.legend(frameon=False)


def _breakdown(groups: dict[str, Any] | None, title: str, path: Path, by: str) -> None:
    with figure(path) as (made, (axes,)):
        if not groups:
            say(axes, f"the {title} is not known")
            return
        systems = list(next(iter(groups.values()))["systems"])
        width = 0.8 / len(systems)
        for place, name in enumerate(systems):
            at = [n + (place - (len(systems) - 1) / 2) * width for n in range(len(groups))]
            axes.bar(at, [g["systems"][name] for g in groups.values()], 0.9 * width, label=name)
        unit = "words" if by == "word_frequency" else "clips"
        labels = [f"{name}\n{group['n']} {unit}" for name, group in groups.items()]
        axes.set_xticks(range(len(groups)), labels, fontsize="small")
        axes.set(xlabel=title, ylabel="F1 of words, %" if by == "word_frequency" else "BLEU-4")
        made.legend(loc="outside upper center", frameon=False, fontsize="small", ncols=4)
