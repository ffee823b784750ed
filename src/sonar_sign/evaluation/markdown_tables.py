"""Tables of text, as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Cells as text: labels first, then numbers, then remarks."""

    title: str
    header: list[str]
    rows: list[list[str]]
    n_numbers: int
    """Columns after the labels that hold numbers, aligned to the right."""
    n_labels: int = 1


def markdown_table(table: Table) -> list[str]:
    """A table's lines in Markdown."""
    align = ["---"] * table.n_labels + ["---:"] * table.n_numbers
    align += ["---"] * (len(table.header) - len(align))
    return [_line(table.header), _line(align), *map(_line, table.rows)]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
