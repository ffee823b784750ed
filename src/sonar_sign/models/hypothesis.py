"""A decoded text with its score; apart, so that reading results imports no models."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Hypothesis:
    """One decoded text."""

    text: str
    """The text without special tokens."""
    score: float
    """Log-probability of the text, its special tokens included, divided by their number of tokens;
    at most 0. Comparable within one system and language only."""
