"""Phrases that several modules need: lists cut short, names that were meant, durations."""

import difflib
from collections.abc import Iterable, Sequence

MAX_KNOWN = 12


def first_few(items: Sequence[str], n: int = 5) -> str:
    """`a, b, c and 3 more`: the first `n` items, and how many further ones there are."""
    more = f" and {len(items) - n} more" if len(items) > n else ""
    return ", ".join(items[:n]) + more


def nearest(name: str, known: Iterable[str]) -> str:
    """The clause that helps with an unknown name; the caller ends the sentence.

    Returns:
        `did you mean X` where something that is known resembles the name (in whatever case);
        `known are a, b, c` where nothing does; `none is known` where there is nothing.
    """
    known = [str(one) for one in known]
    by_lower_case = {one.lower(): one for one in reversed(known)}
    close = difflib.get_close_matches(str(name).lower(), by_lower_case, n=1, cutoff=0.5)
    if close:
        return f"did you mean {by_lower_case[close[0]]}"
    return f"known are {first_few(known, MAX_KNOWN)}" if known else "none is known"


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `3 h 20 min` or `2 d 4 h`."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{round(seconds)} s"
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"
