"""What every corpus gives: annotated sentences, whatever its files look like."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Annotation:
    """One sentence as published."""

    row: int
    """Line of the annotation file, counted from 1, the header included."""
    clip_id: str
    source: str | None
    """The video that holds the sentence, relative to the corpus root; None where missing."""
    expected: str
    """Where the video was looked for, for the message when it is missing."""
    whole_video: bool
    """The video holds this sentence and nothing else; the times say nothing of it."""
    start_s: float | None
    """In seconds of the video; None where the annotations have no time."""
    end_s: float | None
    signer: str
    text: str
    """The caption as published."""


class Corpus(Protocol):
    """A folder of videos with captions."""

    root: Path
    cropped: bool
    """The videos show the signer cut out already; nothing is looked for in them."""
    drawn: bool
    """A rule of the workflow makes it: its files need not be there beforehand."""
    may_be_shown: bool
    """Nobody's face is in its videos, so pages may play them without being told to."""
    official_counts: dict[str, dict[str, int]]
    """By split: how many sentences there should be, by who says so."""

    def annotation_file(self, split: str, language: str | None = None) -> Path:
        """Where the split's annotations lie, or its captions in another language.

        Raises:
            UserError: they are missing.
        """

    def has(self, split: str) -> bool:
        """Whether there are annotations of a split."""

    def annotations(self, split: str) -> list[Annotation]:
        """The split's sentences in file order. Raises UserError for a malformed file."""

    def captions(self, split: str, language: str) -> dict[str, str]:
        """Captions in another language by clip id. Raises UserError where there are none."""
