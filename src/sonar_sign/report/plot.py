"""`plot`: the pictures of a report, from a comparison, training curves and dropped clips."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.figures import figure
from sonar_sign.core.files import atomic_write, require_file
from sonar_sign.core.tables import read_columns
from sonar_sign.evaluation.comparison_table import notes, tables
from sonar_sign.translation.predictions import read_record

METRICS = {"bleu_4": "BLEU-4", "chrf": "chrF", "rouge_l": "ROUGE-L", "meteor": "METEOR"}
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
        curves: `curves.csv` of trained stages, by name.
        dropped: `.dropped.tsv` tables, by split.

    Raises:
        UserError: a file is missing or malformed.
    """
    record = read_record(comparison, "The comparison")
    if not {"systems", "floors", "breakdowns"} <= record.keys():
        raise UserError(f"{comparison} was not written by compare; run compare again.")
    folder = Path(folder)
    _metrics(record, folder / "metrics.svg")
    _speed(record, folder / "speed.svg")
    _curves(curves, folder / "curves.svg")
    _dropped(dropped, folder / "dropped.svg")
    for by, title in BREAKDOWNS.items():
        _breakdown(record["breakdowns"].get(by), title, folder / f"{by}.svg", by)
    _page(record, folder / "comparison.html")


def _metrics(record: dict[str, Any], path: Path) -> None:
    """Bars with their intervals, and the best floor as a line."""
    systems = record["systems"]
    width = 0.8 / len(systems)
    with figure(path, size=(8, 4)) as (made, (axes,)):
        for place, (name, scores) in enumerate(systems.items()):
            at = [
                number + (place - (len(systems) - 1) / 2) * width for number in range(len(METRICS))
            ]
            values = [scores[metric]["value"] for metric in METRICS]
            below = [max(0.0, scores[m]["value"] - scores[m]["low"]) for m in METRICS]
            above = [max(0.0, scores[m]["high"] - scores[m]["value"]) for m in METRICS]
            axes.bar(at, values, 0.9 * width, yerr=[below, above], label=name,
                     error_kw={"elinewidth": 1})  # fmt: skip
        for number, metric in enumerate(METRICS):
            best = max((f[metric]["value"] for f in record["floors"].values()), default=None)
            if best is not None:
                axes.hlines(best, number - 0.45, number + 0.45, colors="black", linestyles="dotted",
                            label="best floor" if number == 0 else None)  # fmt: skip
        axes.set_xticks(range(len(METRICS)), list(METRICS.values()))
        axes.set(ylabel="score, with 95 % intervals", ylim=(0, 100))
        made.legend(loc="outside upper center", frameon=False, fontsize="small", ncols=4)


def _speed(record: dict[str, Any], path: Path) -> None:
    """One point a system."""
    with figure(path) as (_, (axes,)):
        for name, scores in record["systems"].items():
            speed = scores["inference_ms_per_clip"]["value"]
            if speed is not None:
                axes.scatter([speed], [scores["bleu_4"]["value"]], label=name)
        axes.set(xlabel="inference, milliseconds a clip", ylabel="BLEU-4")
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        if axes.has_data():
            axes.legend(frameon=False, fontsize="small")
        else:
            _say(axes, "the speed of these systems is not known")


def _curves(curves: Mapping[str, Path], path: Path) -> None:
    """Loss of every step and the validation's cosine and BLEU-4, a row a stage."""
    if not curves:
        with figure(path) as (_, (axes,)):
            _say(axes, "nothing was trained")
        return
    with figure(path, rows=len(curves), size=(8, 3 * len(curves))) as (_, rows):
        for (name, file), axes in zip(curves.items(), rows, strict=True):
            with require_file(file, "The training curves").open(newline="") as table:
                rows_of = list(csv.DictReader(table))
            axes.plot(*_points(rows_of, "train/loss"), linewidth=0.8, color="tab:gray")
            axes.set(title=name, xlabel="step", ylabel="training loss")
            axes.set_yscale("log")
            right = axes.twinx()
            for column, label, factor in (
                ("val/cosine", "cosine x 100", 100),
                ("val/bleu_4", "BLEU-4", 1),
            ):
                if column in (rows_of[0] if rows_of else ()):
                    steps, values = _points(rows_of, column)
                    right.plot(steps, [factor * v for v in values], marker="o", label=label)
            right.set(ylabel="validation", ylim=(0, 100))
            right.legend(frameon=False, fontsize="small", loc="lower right")


def _points(rows: Sequence[Mapping[str, str]], column: str) -> tuple[list[float], list[float]]:
    """Steps at which a column of the curves has a value, and the values."""
    known = [(float(row["step"]), float(row[column])) for row in rows if row[column]]
    return [step for step, _ in known], [value for _, value in known]


def _dropped(dropped: Mapping[str, Path], path: Path) -> None:
    counts = {
        split: Counter(read_columns(table, ("reason",), key=None)["reason"])
        for split, table in dropped.items()
    }
    reasons = sorted({reason for of_split in counts.values() for reason in of_split})
    with figure(path) as (_, (axes,)):
        if not reasons:
            _say(axes, "no clip was dropped")
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
            _say(axes, f"the {title} is not known")
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


def _say(axes, text: str) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)


def _page(record: dict[str, Any], path: Path) -> None:
    """The comparison's tables and notes as one page."""
    parts = []
    for table in tables(record):
        rows = [f"<tr><th>{'<th>'.join(map(escape, table.header))}</tr>"]
        rows += [f"<tr><td>{'<td>'.join(map(escape, row))}</tr>" for row in table.rows]
        caption = f"<caption>{escape(table.title.replace('**', ''))}</caption>"
        parts.append(f"<table>{caption}{''.join(rows)}</table>")
    parts += [f"<p>{escape(note)}</p>" for note in notes(record)]
    with atomic_write(path) as temporary:
        temporary.write_text(_PAGE.format(body="\n".join(parts)), encoding="utf-8")


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Comparison</title>
<style>
body {{ font: 14px/1.5 system-ui, sans-serif; margin: 2em; color-scheme: light dark }}
table {{ border-collapse: collapse; margin-bottom: 1.5em }}
caption {{ text-align: left }}
td, th {{ padding: .2em .8em .2em 0; text-align: right; font-variant-numeric: tabular-nums }}
td:first-child, th:first-child {{ text-align: left }}
th {{ border-bottom: 1px solid }}
</style></head><body>
{body}
</body></html>
"""
