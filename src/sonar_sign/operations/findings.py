"""What a check of an installation or of results has found."""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_NAMED = 5


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    problem: str
    """A sentence: what, where."""
    remedy: str
    """A command, or words where no command can know."""


def some(items: Sequence[str]) -> str:
    """The first few of a list, and how many more there are."""
    more = f" and {len(items) - MAX_NAMED} more" if len(items) > MAX_NAMED else ""
    return ", ".join(items[:MAX_NAMED]) + more
