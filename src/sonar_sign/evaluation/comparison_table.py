"""A comparison as text: Markdown, and a table for the terminal."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.translation.predictions import read_record

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Column:
    """One metric's column in a table."""

    key: str  # in the metrics file
    title: str
    decimals: int = 1


COLUMNS = (
    Column("bleu_1", "BLEU-1"),
    Column("bleu_2", "BLEU-2"),
    Column("bleu_3", "BLEU-3"),
    Column("bleu_4", "BLEU-4"),
    Column("chrf", "chrF"),
    Column("rouge_l", "ROUGE-L"),
    Column("meteor", "METEOR"),
    Column("cider", "CIDEr"),
    Column("inference_ms_per_clip", "ms a clip"),
)
FURTHER_COLUMNS = (
    Column("chrf_pp", "chrF++"),
    Column("bleu_reduced", "reduced BLEU"),
    Column("exact_match", "exact matches"),
    Column("length_ratio", "length ratio", 2),
    Column("cosine", "cosine"),
    Column("meteor_15", "METEOR 1.5"),
    Column("bleurt", "BLEURT"),
)


@dataclass(frozen=True)
class Table:
    """Cells as text, the first column left-aligned."""

    title: str
    header: list[str]
    rows: list[list[str]]
    n_numbers: int
    """Columns after the first that hold numbers; those after them hold text."""


def tables(comparison: dict[str, Any]) -> list[Table]:
    """Everything of a comparison that stands in tables."""
    published = comparison["published"]
    known = {key for metrics in comparison["systems"].values() for key in metrics}
    further = [column for column in FURTHER_COLUMNS if column.key in known]
    return [
        _table("", COLUMNS, _rows(comparison, COLUMNS)),
        _table("95 % intervals, resampling source videos:", COLUMNS[:-1], _intervals(comparison)),
        _table("Further metrics:", further, _rows(comparison, further)),
        *([_published(published)] if published else []),
    ]


def to_markdown(comparison: dict[str, Any]) -> str:
    """The tables of a comparison, and notes on how it was measured."""
    lines: list[str] = []
    for table in tables(comparison):
        align = ["---", *["---:"] * table.n_numbers]
        align += ["---"] * (len(table.header) - len(align))
        lines += [*([table.title, ""] if table.title else []), _row(table.header), _row(align)]
        lines += [*map(_row, table.rows), ""]
    return "\n".join([*lines, *(f"- {note}" for note in notes(comparison))]) + "\n"


def _table(title: str, columns: Sequence[Column], rows: list[tuple[str, list[str]]]) -> Table:
    header = ["system", *(column.title for column in columns)]
    return Table(title, header, [[name, *cells] for name, cells in rows], len(columns))


def _rows(comparison: dict[str, Any], columns: Sequence[Column]) -> list[tuple[str, list[str]]]:
    """Systems with their marks, then floors."""
    better = better_than_first(comparison)
    return [
        *(
            (
                name,
                [
                    _cell(metrics, column, "*" * (name in better.get(column.key, ())))
                    for column in columns
                ],
            )
            for name, metrics in comparison["systems"].items()
        ),
        *(
            (f"floor: {name.replace('_', ' ')}", [_cell(metrics, column) for column in columns])
            for name, metrics in comparison["floors"].items()
        ),
    ]


def _cell(metrics: dict[str, Any], column: Column, mark: str = "") -> str:
    value = metrics.get(column.key, {}).get("value")
    return "" if value is None else f"{value:.{column.decimals}f}{mark}"


def _intervals(comparison: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [
        (
            name,
            [f"{metrics[c.key]['low']:.1f} to {metrics[c.key]['high']:.1f}" for c in COLUMNS[:-1]],
        )
        for name, metrics in comparison["systems"].items()
    ]


def better_than_first(comparison: dict[str, Any]) -> dict[str, set[str]]:
    """By metric, the systems that both tests find different from the first of their language."""
    firsts: dict[str, str] = {}
    for name, about in comparison["about"].items():
        firsts.setdefault(about["language"], name)
    p_values: dict[tuple[str, str], list[float]] = {}
    for row in comparison["significance"]:
        first, second = row["systems"]
        if first in firsts.values():
            p_values.setdefault((row["metric"], second), []).append(row["p"])
    found: dict[str, set[str]] = {}
    for (metric, name), both in p_values.items():
        if max(both) < SIGNIFICANT:
            found.setdefault(metric, set()).add(name)
    return found


def _published(published: Sequence[dict[str, Any]]) -> Table:
    columns = [c for c in COLUMNS if any(c.key in row for row in published)]
    rows = [
        [
            row["system"],
            *(f"{row[c.key]:.1f}" if c.key in row else "" for c in columns),
            row["extra_data"],
            row["read_in"],
        ]
        for row in published
    ]
    header = ["system", *(c.title for c in columns), "extra data", "read in"]
    return Table("**Reported by others**, not measured here:", header, rows, len(columns))


def notes(comparison: dict[str, Any]) -> list[str]:
    """What a reader must know before quoting a number of the table."""
    from sonar_sign.evaluation.floors import FLOORS
    from sonar_sign.metrics.meteor import VARIANTS

    about = comparison["about"]

    def grouped(key: str) -> list[tuple[str, str]]:
        """(value, which systems it holds for; empty where for all)"""
        names: dict[str, list[str]] = {}
        for name, system in about.items():
            names.setdefault(system[key], []).append(name)
        return [
            (value, "" if len(names) == 1 else f" ({', '.join(systems)})")
            for value, systems in names.items()
        ]

    return [
        f"{comparison['n_clips']} clips; percentages, but CIDEr, which is 100 times CIDEr-D "
        "(1000 is perfect).",
        f"BLEU: sacreBLEU, BLEU-n with max_ngram_order=n, `{comparison['signature']}`.",
        f"chrF: sacreBLEU, `{comparison['chrf_signature']}`.",
        *(
            f"ROUGE-L: F-measure, no stemmer, tokens {tokens}{systems}."
            for tokens, systems in grouped("rouge_tokenizer")
        ),
        *(
            f"METEOR: {VARIANTS.get(variant, variant)} ({variant}){systems}."
            for variant, systems in grouped("meteor_variant")
        ),
        *(
            f"{column.title}: {made_by}."
            for column in FURTHER_COLUMNS
            if (made_by := next(iter(about.values()))["further_metrics"].get(column.key))
        ),
        f"CIDEr: pycocoevalcap's scorer; tokens {comparison['cider_tokenizer']}.",
        *(
            f"Milliseconds a clip: on {device}{systems}."
            for device, systems in grouped("device")
            if device is not None
        ),
        f"Intervals: {comparison['intervals']['samples']} bootstrap samples of "
        f"{comparison['intervals']['n_videos']} source videos. `*`: different from the first "
        "system of its language, p < 0.05 by paired bootstrap and by approximate randomisation.",
        f"Floors, from {comparison['floors_from']}: "
        + "; ".join(f"{name.replace('_', ' ')}: {text}" for name, text in FLOORS.items())
        + ".",
        *_seen(comparison),
        "Reduced BLEU: without this project's list of function words; do not compare it with other "
        "papers'.",
        *(
            f"{name}: {system['n_empty']} empty predictions, scored as they are."
            for name, system in about.items()
            if system["n_empty"]
        ),
    ]


def _seen(comparison: dict[str, Any]) -> list[str]:
    seen = comparison["seen_in_training"]
    if seen is None:
        return []
    text = f"{seen['n']} references ({100 * seen['share']:.1f} %) stand in training word for word"
    unseen = {
        name: metrics["bleu_4"]["unseen"]
        for name, metrics in comparison["systems"].items()
        if "unseen" in metrics["bleu_4"]
    }
    if not unseen:
        return [f"{text}."]
    scores = ", ".join(f"{name} {value:.1f}" for name, value in unseen.items())
    return [f"{text}; BLEU-4 without them: {scores}."]


def print_table(comparison: Path) -> None:
    """Print a `comparison.json` as a table for the terminal, and where the files are.

    Raises:
        UserError: the file is missing or was not written by `compare`.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    path = Path(comparison)
    record = read_record(path, "The comparison")
    if not {"systems", "about", "floors", "significance", "n_clips"} <= record.keys():
        raise UserError(f"{path} was not written by compare; run compare again.")
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("system", no_wrap=True)
    for column in COLUMNS:
        # Titles break where they can, so that the table fits 80 columns.
        title = column.title.replace("-", "\n").replace(" a ", " a\n")
        table.add_column(Text(title), justify="right", no_wrap=True)
    for name, cells in _rows(record, COLUMNS):
        table.add_row(Text(name), *cells)
    # Where there is too little room, a wrapped row is ugly, but a number cut off would mislead.
    needed = Console(width=1000).measure(table).maximum
    console = Console(width=max(Console().width, needed))
    console.print(table)
    meteor = [note for note in notes(record) if note.startswith("METEOR")]
    for line in ("", f"{record['n_clips']} clips. {' '.join(meteor)}", "", *_files(path, record)):
        console.print(Text(line), soft_wrap=True)


def _files(path: Path, record: dict[str, Any]) -> list[str]:
    places = [("comparison", path)]
    if path.with_suffix(".md").is_file():
        places.append(("as text", path.with_suffix(".md")))
    places += [
        (name, path.parent / about["file"])
        for name, about in record["about"].items()
        if about["file"] is not None
    ]
    width = max(len(name) for name, _ in places)
    return [f"{name:<{width}}  {os.path.normpath(place)}" for name, place in places]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
