"""What a check of model files found."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    status: Literal["good", "wrong", "skipped"]
    text: str
    """A clause for people, without a full stop; of a skipped check, the reason."""

    @classmethod
    def good(cls, text: str) -> "Check":
        return cls("good", text)

    @classmethod
    def wrong(cls, text: str) -> "Check":
        return cls("wrong", text)

    @classmethod
    def skipped(cls, text: str) -> "Check":
        return cls("skipped", text)


TITLES = {"good": "good:   ", "wrong": "WRONG:  ", "skipped": "skipped:"}


def line_of(check: Check) -> str:
    """A check for people."""
    return f"{TITLES[check.status]} {check.text}."


def all_good(checks: list[Check]) -> bool:
    """Whether something was checked and nothing was wrong."""
    statuses = {check.status for check in checks}
    return "good" in statuses and "wrong" not in statuses


def verdict(checks: list[Check]) -> str:
    """The last line: how many checks went wrong, and how many were skipped."""
    wrong, skipped = (sum(c.status == status for c in checks) for status in ("wrong", "skipped"))
    said = "Nothing is wrong." if all_good(checks) else "Nothing could be checked."
    said = f"Things that are wrong: {wrong}." if wrong else said
    return f"{said} Checks that were skipped: {skipped}." if skipped else said
