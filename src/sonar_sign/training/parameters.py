"""Which parameters are trained: a table of a model's parts, printed before training."""

import re
from itertools import groupby

from rich.console import Console
from rich.table import Table
from torch import nn

_BLOCK = re.compile(r"^(.*?\b(?:blocks?|layers))\.(\d+)\.")


def print_parameters(module: nn.Module) -> None:
    """Print how many parameters each part has and whether they are trained."""
    table = Table(title="Parameters", title_justify="left", box=None)
    for heading in ("part", "parameters", "trained"):
        table.add_column(heading, justify="right" if heading == "parameters" else "left")
    for part, n, trained in parameter_rows(module):
        table.add_row(part, f"{n:,}", "yes" if trained else "-")
    n_trained = sum(p.numel() for p in module.parameters() if p.requires_grad)
    table.add_row("in all", f"{sum(p.numel() for p in module.parameters()):,}", f"{n_trained:,}")
    Console(width=100).print(table)


def parameter_rows(module: nn.Module) -> list[tuple[str, int, bool]]:
    """Parts in order, with their number of parameters and whether they are trained.

    Neighbouring blocks that are treated alike are one part, `blocks.0 to blocks.11`.
    """
    rows = []
    named = [(_part_of(name), p) for name, p in module.named_parameters()]
    for (stem, trained), group in groupby(named, key=lambda one: (one[0][0], one[1].requires_grad)):
        members = list(group)
        numbers = [part[1] for part, _ in members]
        first, last = numbers[0], numbers[-1]
        label = stem
        if first is not None:
            label = f"{stem}.{first}" if first == last else f"{stem}.{first} to {last}"
        rows.append((label, sum(p.numel() for _, p in members), trained))
    return rows


def _part_of(name: str) -> tuple[str, int | None]:
    """`a.blocks.3.x.weight` is block 3 of `a.blocks`; other parts have the first two names."""
    block = _BLOCK.match(name)
    if block:
        return block[1], int(block[2])
    return ".".join(name.split(".")[:3]), None
