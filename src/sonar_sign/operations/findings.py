"""What `doctor` finds."""

from collections.abc import Callable
from dataclasses import dataclass

# Makes the command that runs Snakemake with the given words, such as a target.
Again = Callable[..., str]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    problem: str
    """A sentence: what is wrong, and where."""
    remedy: str
    """A command, or advice where no command can do it."""
