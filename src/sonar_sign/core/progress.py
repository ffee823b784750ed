"""Progress of a step on standard error: a bar on a terminal, a line now and then in a log file."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from sonar_sign.core.timing import Timer

Item = TypeVar("Item")

# A step that is done sooner writes no line; a log of many hours must stay readable.
FIRST_LINE_S = 5.0
SLOWER = 1.5


def track(
    items: Iterable[Item], description: str, total: int, first_line_s: float = FIRST_LINE_S
) -> Iterator[Item]:
    """Yield the items and show how many are done.

    Args:
        description: what is done, such as `Extracting features`.
        total: how many items there are.
        first_line_s: in a log, seconds until the first line. The time between two lines grows, so
            that a step of ten hours writes about twenty.
    """
    if sys.stderr.isatty():
        yield from _with_bar(items, description, total)
    else:
        yield from _with_lines(items, description, total, first_line_s)


def _with_bar(items: Iterable[Item], description: str, total: int) -> Iterator[Item]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task(description, total=total)
        for item in items:
            yield item
            progress.advance(task)


def _with_lines(
    items: Iterable[Item], description: str, total: int, first_line_s: float
) -> Iterator[Item]:
    timer = Timer()
    next_line_s = first_line_s
    for done, item in enumerate(items, start=1):
        yield item
        timer.lap("all")
        passed_s = timer.milliseconds["all"] / 1000
        if passed_s >= next_line_s and done < total:
            left_s = passed_s / done * (total - done)
            print(
                f"{description}: {done} of {total}, {passed_s:.0f} s, about {left_s:.0f} s left",
                file=sys.stderr,
                flush=True,
            )
            next_line_s = SLOWER * passed_s
