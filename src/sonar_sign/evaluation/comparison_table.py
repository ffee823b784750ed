"""A comparison as tables: Markdown, and one for the terminal."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sonar_sign.core.errors import UserError
from sonar_sign.evaluation.comparison_notes import MAX_SETTINGS, notes, of_floors, of_videos
from sonar_sign.evaluation.comparison_timings import SPEED, read_timings_beside, with_timings
from sonar_sign.evaluation.markdown_tables import Table, markdown_table
from sonar_sign.evaluation.parts_tables import further_tables
from sonar_sign.evaluation.settings import as_text
from sonar_sign.evaluation.significance import different_from_first
from sonar_sign.metrics.registry import METRICS
from sonar_sign.translation.predictions import read_record

WRITTEN_BY_COMPARE = frozenset(
    "systems settings about floors significance breakdowns n_clips intervals inputs".split()  # noqa: SIM905
)

if TYPE_CHECKING:
    from rich.table import Table as RichTable


@dataclass(frozen=True)
class Column:
    """A column of numbers."""

    key: str
    """In a system's scores."""
    title: str
    decimals: int = 1


def _columns(*, headline: bool, table: str = "") -> tuple[Column, ...]:
    chosen = [m for m in METRICS.values() if m.headline == headline and m.table == table]
    return tuple(Column(m.name, m.title, m.decimals) for m in chosen)


HEADLINE_COLUMNS = _columns(headline=True)
COLUMNS = (*HEADLINE_COLUMNS, Column(SPEED, "ms per clip"))
# By the title of the table.
FURTHER_COLUMNS = {
    table or "Further metrics:": _columns(headline=False, table=table)
    for table in dict.fromkeys(m.table for m in METRICS.values() if not m.headline)
}


def read_comparison(path: Path) -> dict[str, Any]:
    """Read a `comparison.json`, with the speed of its systems from the file beside it.

    Raises:
        UserError: it is missing or was not written by `compare`.
    """
    record = read_record(path, "The comparison")
    if not record.keys() >= WRITTEN_BY_COMPARE:
        raise UserError(f"{path} was not written by compare; run compare again.")
    return with_timings(record, read_timings_beside(path))


def tables(comparison: dict[str, Any]) -> list[Table]:
    """Everything of a comparison that stands in tables."""
    known = {key for scores in comparison["systems"].values() for key in scores}
    further = {
        title: [column for column in columns if column.key in known]
        for title, columns in FURTHER_COLUMNS.items()
    }
    resampled = comparison["intervals"]["resampled"]
    found = [
        _main(comparison),
        _table(
            f"95 % intervals, resampling {resampled}:", HEADLINE_COLUMNS, _intervals(comparison)
        ),
        *(_table(title, some, _rows(comparison, some)) for title, some in further.items() if some),
        *further_tables(comparison),
        _by_seed(comparison),
        _published(comparison["published"]),
    ]
    return [table for table in found if table.rows]


def to_markdown(comparison: dict[str, Any]) -> str:
    """The tables of a comparison, and notes on how its numbers were made."""
    lines: list[str] = []
    for table in tables(comparison):
        lines += [table.title, ""] if table.title else []
        lines += [*markdown_table(table), ""]
    return "\n".join([*lines, *(f"- {note}" for note in notes(comparison))]) + "\n"


def _main(comparison: dict[str, Any]) -> Table:
    """The first table: systems with the settings in which they differ, then floors."""
    settings = comparison["settings"]
    keys = settings["differing"][:MAX_SETTINGS]
    rows = []
    for name, cells in _rows(comparison, COLUMNS):
        own = settings["systems"].get(name, {})
        rows.append([name, *(as_text(own[key]) if key in own else "" for key in keys), *cells])
    header = ["system", *keys, *(column.title for column in COLUMNS)]
    return Table("", header, rows, len(COLUMNS), 1 + len(keys))


def _table(title: str, columns: Sequence[Column], rows: list[tuple[str, list[str]]]) -> Table:
    header = ["system", *(column.title for column in columns)]
    return Table(title, header, [[name, *cells] for name, cells in rows], len(columns))


def _rows(comparison: dict[str, Any], columns: Sequence[Column]) -> list[tuple[str, list[str]]]:
    """Systems with their marks, then floors."""
    different = different_from_first(comparison)
    found = [
        (name, [_cell(scores, c, "*" * (name in different.get(c.key, ()))) for c in columns])
        for name, scores in comparison["systems"].items()
    ]
    return found + [
        (f"floor: {name.replace('_', ' ')}", [_cell(scores, column) for column in columns])
        for name, scores in comparison["floors"].items()
    ]


def _cell(scores: Mapping[str, Any], column: Column, mark: str = "") -> str:
    cell = scores.get(column.key, {})
    if cell.get("value") is None:
        return ""
    return with_deviation(cell, column.decimals) + mark


def with_deviation(cell: Mapping[str, Any], decimals: int = 1) -> str:
    """`12.3`, or `12.3 ± 0.4` of several seeds."""
    text = f"{cell['value']:.{decimals}f}"
    return f"{text} ± {cell['deviation']:.{decimals}f}" if "deviation" in cell else text


def _intervals(comparison: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [
        (name, [_interval(scores.get(column.key, {}), column) for column in HEADLINE_COLUMNS])
        for name, scores in comparison["systems"].items()
    ]


def _interval(cell: Mapping[str, Any], column: Column) -> str:
    if "no_interval" in cell:
        return f"no interval: {cell['no_interval']}"
    if "low" not in cell:
        return ""
    return f"{cell['low']:.{column.decimals}f} to {cell['high']:.{column.decimals}f}"


def _by_seed(comparison: dict[str, Any]) -> Table:
    """A row per seed of each system that has several."""
    rows = []
    for name, scores in comparison["systems"].items():
        for seed in scores["bleu_4"].get("by_seed", ()):
            values = [scores.get(c.key, {}).get("by_seed", {}).get(seed) for c in HEADLINE_COLUMNS]
            cells = [
                "" if value is None else f"{value:.{column.decimals}f}"
                for value, column in zip(values, HEADLINE_COLUMNS, strict=True)
            ]
            rows.append([name, seed, *cells])
    header = ["system", "seed", *(column.title for column in HEADLINE_COLUMNS)]
    return Table("Each seed:", header, rows, len(HEADLINE_COLUMNS), 2)


def _published(published: Sequence[dict[str, Any]]) -> Table:
    known = (*COLUMNS, Column("bleurt", METRICS["bleurt"].title))
    columns = [c for c in known if any(c.key in row for row in published)]
    rows = [
        [
            row["system"],
            *(f"{row[c.key]:.1f}" if c.key in row else "" for c in columns),
            row["extra_data"],
            row["read_in"],
            row.get("date", ""),
        ]
        for row in published
    ]
    header = ["system", *(c.title for c in columns), "extra data", "read in", "date"]
    return Table("**Reported by others**, not measured here:", header, rows, len(columns))


def print_table(comparison: Path) -> None:
    """Print a `comparison.json` as a table for the terminal, and where the files are.

    Raises:
        UserError: the file is missing or was not written by `compare`.
    """
    from rich.console import Console
    from rich.text import Text

    path = Path(comparison)
    record = read_comparison(path)
    main = _main(record)
    # The columns of settings, from the second to the first score, as far as there is room for them.
    hidden = 0
    while True:
        table = _rich_table(main, hidden)
        needed = Console(width=1000).measure(table).maximum
        if needed <= Console().width or hidden == main.n_labels - 1:
            break
        hidden += 1
    # Where there is too little room, a wrapped row is ugly, but a number cut off would mislead.
    console = Console(width=max(Console().width, needed))
    console.print(table)
    if hidden:
        left_out = ", ".join(main.header[main.n_labels - hidden : main.n_labels])
        console.print(Text(f"\nNo room for settings that differ too: {left_out}."), soft_wrap=True)
    meteor = [note for note in notes(record) if note.startswith("METEOR")]
    lines = [
        f"{record['n_clips']} clips. {' '.join(meteor)}",
        *([of_floors(record)] if record["floors"] else []),
        *of_videos(record),
        *record["inputs"],
    ]
    for line in ("", *lines, "", *_files(path, record)):
        console.print(Text(line), soft_wrap=True)


def _rich_table(main: Table, hidden: int) -> "RichTable":
    """The table for a terminal, without the last `hidden` columns of settings."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text

    shown = [*range(main.n_labels - hidden), *range(main.n_labels, len(main.header))]
    table = RichTable(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for number in shown:
        # Titles break where they can, so that the table fits 80 columns.
        broken = main.header[number].replace("-", "\n").replace(" per ", " per\n")
        justify = "left" if number < main.n_labels else "right"
        table.add_column(Text(broken.replace(".", ".\n")), justify=justify, no_wrap=True)
    for row in main.rows:
        table.add_row(*[Text(row[number]) for number in shown])
    return table


def _files(path: Path, record: dict[str, Any]) -> list[str]:
    """Where the comparison and each system's metrics are, one line per file."""
    places = [("comparison", path)]
    if path.with_suffix(".md").is_file():
        places.append(("as text", path.with_suffix(".md")))
    if path.with_suffix(".tex").is_file():
        places.append(("for a paper", path.with_suffix(".tex")))
    places += [
        (_run_name(name, run, about["runs"]), path.parent / run["file"])
        for name, about in record["about"].items()
        for run in about["runs"]
        if run["file"] is not None
    ]
    width = max(len(name) for name, _ in places)
    return [f"{name:<{width}}  {os.path.normpath(place)}" for name, place in places]


def _run_name(name: str, run: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> str:
    return name if len(runs) == 1 else f"{name}, seed {run['seed']}"
