"""The interface of a corpus type: annotated sentences, independent of the file format."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sonar_sign.corpora.dropped import Dropped


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotated sentence as published."""

    row: int
    """Line number in the annotation file, counted from 1 including the header."""
    clip_id: str
    """Unique name of the sentence's clip."""
    source: str | None
    """Video file, or folder of pictures, with the sentence, relative to the corpus root; None if it
    is missing."""
    expected: str
    """Where the video file was searched; part of the message if it is missing."""
    whole_video: bool
    """The video contains this sentence only, so `start_s` and `end_s` are not used."""
    start_s: float | None
    """Start in seconds from the start of the video; None if not annotated."""
    end_s: float | None
    """End in seconds from the start of the video; None if not annotated."""
    signer: str
    """Name of the signer; empty if unknown."""
    text: str
    """The caption as published."""
    problem: Dropped | None = None
    """Why this row cannot be used, whatever its video is; `prepare` drops it."""
    frame_rate: float | None = None
    """Frames per second of a video that is a folder of pictures; None: `prepare.frame_rate`."""
    language: str = ""
    """Language of the caption as a FLORES code; empty: that of the corpus."""
    box: tuple[float, float, float, float] | None = None
    """Where the signer is, `x0, y0, x1, y1` as shares of width and height; None: to be found."""


def unusable(row: int, reason: str, detail: str) -> Annotation:
    """A row of which not even the clip's name is known."""
    problem = Dropped(reason, detail)
    return Annotation(row, "", None, "", False, None, None, "", "", problem)


class Corpus(Protocol):
    """A folder of videos with captions, made from it and `CorpusOptions`."""

    root: Path
    """Folder of the corpus."""
    reads: frozenset[str]
    """Names of the `CorpusOptions` that it has a use for."""
    cropped: bool
    """The published videos are cropped to the signer, so no face is searched in them."""
    drawn: bool
    """A rule of the workflow generates the corpus, so its files need not exist beforehand."""
    may_be_shown: bool
    """The videos show no real person, so pages may play them without `gallery.videos`."""
    caption_language: str
    """FLORES code of its captions, where the config does not say; empty: they may be in any."""
    official_counts: dict[str, dict[str, int]]
    """For each split: published numbers of sentences, by where they are published."""

    def annotation_file(self, split: str, language: str | None = None) -> Path:
        """The file with the annotations of a split, or with its captions in another language.

        Raises:
            UserError: the file does not exist.
        """

    def has(self, split: str) -> bool:
        """Whether the corpus has annotations of a split."""

    def further_files(self, split: str) -> list[Path]:
        """Files that `annotations` reads besides `annotation_file`; they may be thousands."""

    def annotations(self, split: str) -> list[Annotation]:
        """The rows of a split in file order; those that are malformed have a `problem`.

        Raises:
            UserError: the annotation file is missing, not text in UTF-8, or its header is wrong.
        """

    def captions(self, split: str, language: str) -> dict[str, str]:
        """Captions in another language by clip id.

        Raises:
            UserError: the corpus has no captions in this language.
        """
