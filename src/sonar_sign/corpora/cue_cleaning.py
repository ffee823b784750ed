"""What of a cue is said: without tags, sounds, speaker marks, and what the cue before has shown."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sonar_sign.corpora.cues import Cue, CueFile

_TAG = re.compile(r"<[^<>\n]{0,200}>|\{\\[^{}\n]{0,50}\}")
# Sounds: anything in square brackets; up to three words in round ones; notes of music.
_SOUND = re.compile(r"\[[^\[\]]{0,200}\]|\(\s*[^\s()]+(?:\s+[^\s()]+){0,2}\s*\)|[♪♫♬♩🎵🎶]")
# Who speaks: `>>`, a dash at the start of a line, a name in capitals before a colon.
_SPEAKER = re.compile(r"^(?:\s*(?:>>+|[-–—]+(?=\s)))*\s*(?:[A-Z][A-Z .'\d-]{0,30}:(?=\s|$))?")
_CHARACTERS_WITH_MARKS = frozenset("<{[(&>-–—♪♫♬♩🎵🎶:\u200b\ufeff\u00a0")
# Where the lines of this many cues begin with those of the cue before, captions roll.
ROLLING_SHARE = 0.4
MIN_ROLLING_CUES = 3


@dataclass(frozen=True, slots=True)
class CleanCue:
    """A cue with what is said in it."""

    number: int
    start_s: float | None
    end_s: float | None
    text: str
    """On one line; empty where nothing is said."""
    is_repeat: bool
    """It shows only what the cue before has shown."""


def clean_cues(file: CueFile) -> Iterator[CleanCue]:
    """The cues of a file in the order of their starts, each with the text that is new in it."""
    cues = sorted(file.cues, key=_start)
    lines = [clean_lines(cue.text) for cue in cues]
    rolls = file.has_word_times or _rolls(lines)
    shown: list[str] = []
    before: Cue | None = None
    for cue, own in zip(cues, lines, strict=True):
        if rolls:
            new = own[_overlap(shown, own) :]
        else:
            # The same text at the same time, as in files with two tracks.
            new = [] if own and own == shown and _overlaps(before, cue) else own
        if own:
            shown, before = own, cue
        yield CleanCue(
            cue.number, cue.start_s, cue.end_s, " ".join(new), is_repeat=bool(own) and not new
        )


def clean_lines(text: str) -> list[str]:
    """The lines of a cue that hold something that is said."""
    if _CHARACTERS_WITH_MARKS.isdisjoint(text):
        lines = text.split("\n")
    else:
        # Tags first: &lt; stands for a character, not for a tag.
        text = html.unescape(_TAG.sub("", text)).replace("\u200b", "").replace("\ufeff", "")
        lines = [_SPEAKER.sub("", line, count=1) for line in _SOUND.sub(" ", text).split("\n")]
    words = (" ".join(line.split()) for line in lines)
    return [line for line in words if any(char.isalnum() for char in line)]


def _start(cue: Cue) -> float:
    return float("inf") if cue.start_s is None else cue.start_s


def _rolls(lines: Sequence[Sequence[str]]) -> bool:
    said = [own for own in lines if own]
    if len(said) < MIN_ROLLING_CUES:
        return False
    repeats = sum(
        len(own) > 1 and own[0] == shown[-1] for shown, own in zip(said, said[1:], strict=False)
    )
    return repeats >= ROLLING_SHARE * (len(said) - 1)


def _overlap(shown: Sequence[str], own: Sequence[str]) -> int:
    """How many of a cue's first lines are the last lines of the one before."""
    for n in range(min(len(shown), len(own)), 0, -1):
        if list(shown[-n:]) == list(own[:n]):
            return n
    return 0


def _overlaps(before: Cue | None, cue: Cue) -> bool:
    if before is None or before.end_s is None or cue.start_s is None:
        return False
    return cue.start_s < before.end_s
