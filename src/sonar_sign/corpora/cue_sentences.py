"""Cues joined into sentences: a cue ends where the screen is full, not where a sentence does."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from sonar_sign.corpora.cue_cleaning import CleanCue

_ENDS = re.compile(r"""[.!?…。！？؟।]["'”’»)\]]*$""")
# Captions without punctuation, as automatic ones are, do not say where sentences end.
PUNCTUATED_SHARE = 0.1
# Times are decimals with at most this error.
TOLERANCE_S = 1e-6


@dataclass(frozen=True)
class Limits:
    """How long a sentence that is made of several cues may be."""

    gap_s: float
    """Longest pause between two of its cues."""
    duration_s: float
    characters: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """Cues that are one sentence, or one cue that is not used."""

    first: int
    """Number of its first cue, from 1."""
    last: int
    start_s: float | None
    end_s: float | None
    text: str
    is_repeat: bool = False
    """One cue, which shows only what the one before has shown."""


def sentences_of(cues: Iterable[CleanCue], limits: Limits) -> list[Sentence]:
    """Every cue in one sentence, in the order of the cues' starts.

    A cue without text, or whose times are none, is one by itself.
    """
    cues = _without_overlaps([*cues])
    said = [cue for cue in cues if cue.text]
    ends = sum(_ENDS.search(cue.text) is not None for cue in said)
    if ends < PUNCTUATED_SHARE * len(said):
        return [_one(cue) for cue in cues]
    return [*_joined(cues, limits)]


def _joined(cues: Sequence[CleanCue], limits: Limits) -> Iterator[Sentence]:
    open_one: Sentence | None = None
    for cue in cues:
        if not cue.text and open_one is not None:
            # What says nothing, such as [Music], does not end a sentence.
            yield _one(cue)
            continue
        longer = open_one and _with(open_one, cue, limits)
        if open_one is not None and longer is None:
            yield open_one
        open_one = longer or _one(cue)
        if not _may_go_on(open_one):
            yield open_one
            open_one = None
    if open_one is not None:
        yield open_one


def _may_go_on(sentence: Sentence) -> bool:
    if sentence.start_s is None or sentence.end_s is None or sentence.end_s <= sentence.start_s:
        return False
    return bool(sentence.text) and not _ENDS.search(sentence.text)


def _with(sentence: Sentence, cue: CleanCue, limits: Limits) -> Sentence | None:
    """A sentence with a further cue; None where it would be over a limit."""
    if cue.start_s is None or cue.end_s is None or cue.end_s <= cue.start_s:
        return None
    text = f"{sentence.text} {cue.text}"
    gap_s, duration_s = cue.start_s - sentence.end_s, cue.end_s - sentence.start_s
    over = (
        gap_s > limits.gap_s + TOLERANCE_S
        or duration_s > limits.duration_s + TOLERANCE_S
        or len(text) > limits.characters
    )
    if over:
        return None
    return replace(sentence, last=cue.number, end_s=cue.end_s, text=text)


def _one(cue: CleanCue) -> Sentence:
    return Sentence(cue.number, cue.number, cue.start_s, cue.end_s, cue.text, cue.is_repeat)


def _without_overlaps(cues: list[CleanCue]) -> list[CleanCue]:
    """A cue that is still shown when the next one that says something appears ends there."""
    next_start: float | None = None
    for at in range(len(cues) - 1, -1, -1):
        cue = cues[at]
        if cue.start_s is None or not cue.text:
            continue
        ends_later = next_start is not None and cue.end_s is not None and cue.end_s > next_start
        if ends_later and cue.start_s < next_start:
            cues[at] = replace(cue, end_s=next_start)
        next_start = cue.start_s
    return cues
