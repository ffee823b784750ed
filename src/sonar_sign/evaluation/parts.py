"""Ways of parting the clips of a comparison: by signer, by length, by what training has seen.

A way is a function of `PARTS`; it returns None where the files do not say what it needs. A column
of the manifest whose values are the parts is one line of `BY_COLUMN`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sonar_sign.core.errors import UserError
from sonar_sign.core.numbers import parse_number
from sonar_sign.evaluation.training_captions import TrainingCaptions
from sonar_sign.metrics.base import ENGLISH
from sonar_sign.metrics.tokens import words
from sonar_sign.translation.predictions import PredictionSet

# Columns of the manifest whose values part the clips.
BY_COLUMN = ("signer", "topic")
LENGTH_EDGES = (5, 10, 15, 20, 30)
DURATION_EDGES = (2, 4, 8, 16)
# Words of the reference in a second.
RATE_EDGES = (1, 2, 3, 4)
# Shares of a clip's frames.
SHARE_EDGES = (0.5, 0.9, 0.99)
HAND_EDGES = (0.5, 1, 1.5)
# Columns of the manifest that are read, where it has them.
COLUMNS = (
    *BY_COLUMN,
    *("n_frames", "fps", "start_s", "hands_found", "face_found", "faces_found", "frames_probed"),
    *("signer_seen", "source_seen", "needs_context"),
)
# English pronouns and demonstratives that stand for something outside of the sentence, as a rule.
# "it", "there" and "that" are left out: they often stand for nothing, or join clauses.
POINTING = frozenset(
    """
    he she him her his hers himself herself they them their theirs themselves this these those
    """.split()  # noqa: SIM905
)
NEEDS_CONTEXT = "needs_context"
NEEDS_EARLIER, STANDS_ALONE = "needs a sentence before", "stands alone"
IN_TRAINING, NOT_IN_TRAINING = "in training", "not in training"


@dataclass(frozen=True)
class Clips:
    """What is known of the clips that are parted."""

    clips: PredictionSet
    rows: Sequence[Mapping[str, str]]
    """Of the manifest, one per clip; an empty value is not known."""
    training: TrainingCaptions | None
    language: str

    def column(self, name: str) -> list[str] | None:
        """A column of the manifest, if it is known of all clips."""
        values = [row.get(name, "") for row in self.rows]
        return values if all(values) else None

    def numbers(self, name: str, most: float) -> list[float] | None:
        """The same of a column of numbers from 0 to `most`.

        Raises:
            UserError: a value is no such number.
        """
        texts = self.column(name)
        if texts is None:
            return None
        values = [parse_number(text) for text in texts]
        for clip_id, text, value in zip(self.clips.clip_ids, texts, values, strict=True):
            if value is None or not 0 <= value <= most:
                raise UserError(
                    f"The manifest has {text!r} as {name} of clip {clip_id}; write a number from 0 "
                    f"to {most:g}."
                )
        return [float(value) for value in values if value is not None]

    def durations_s(self) -> list[float] | None:
        """The length of every clip, from its frames and their rate.

        Raises:
            UserError: a number of frames or a rate is none.
        """
        if not all(row.get("n_frames") and row.get("fps") for row in self.rows):
            return None
        return [_duration_s(row) for row in self.rows]


@dataclass(frozen=True)
class Parts:
    """The clips in parts."""

    names: Sequence[str]
    """In order; some may be empty."""
    of_clip: Sequence[str]

    def rows(self) -> dict[str, np.ndarray]:
        """The clips of every part that has some, by its name."""
        values = np.array(self.of_clip, dtype=object)
        found = {name: np.flatnonzero(values == name) for name in self.names}
        return {name: rows for name, rows in found.items() if len(rows)}


def _duration_s(row: Mapping[str, str]) -> float:
    n_frames, fps = parse_number(row["n_frames"]), parse_number(row["fps"])
    if n_frames is None or not fps or n_frames < 0 or fps < 0:
        raise UserError(
            f"The manifest has {row['n_frames']!r} frames at {row['fps']!r} frames per second for "
            f"clip {row['clip_id']}; write positive numbers."
        )
    return n_frames / fps


def _bins(values: Sequence[float], edges: Sequence[float], unit: str) -> Parts:
    """Bins up to and with each edge, and one above the last."""
    numbers = np.searchsorted(edges, values)
    names = [f"up to {edge:g} {unit}" for edge in edges] + [f"over {edges[-1]:g} {unit}"]
    return Parts(names, [names[number] for number in numbers])


def _named(values: Sequence[str]) -> Parts:
    return Parts(sorted(set(values)), values)


def _lengths(known: Clips) -> list[int]:
    return [len(words(text, known.language)) for text in known.clips.references]


def _reference_length(known: Clips) -> Parts | None:
    return _bins(_lengths(known), LENGTH_EDGES, "words")


def _source(known: Clips) -> Parts | None:
    return _named(known.clips.sources)


def _duration(known: Clips) -> Parts | None:
    durations = known.durations_s()
    return None if durations is None else _bins(durations, DURATION_EDGES, "s")


def _rate(known: Clips) -> Parts | None:
    durations = known.durations_s()
    if durations is None:
        return None
    pairs = zip(_lengths(known), durations, strict=True)
    rates = [n / seconds if seconds else float("inf") for n, seconds in pairs]
    return _bins(rates, RATE_EDGES, "words per second")


def _hands(known: Clips) -> Parts | None:
    hands = known.numbers("hands_found", 2)
    return None if hands is None else _bins(hands, HAND_EDGES, "hands per frame")


def _face(known: Clips) -> Parts | None:
    shares = known.numbers("face_found", 1)
    if shares is None:
        found, probed = (known.numbers(name, 1e6) for name in ("faces_found", "frames_probed"))
        if found is None or probed is None:
            return None
        shares = [n / of if of else 0.0 for n, of in zip(found, probed, strict=True)]
    return _bins(shares, SHARE_EDGES, "of the frames")


def _seen(values: Sequence[str], known: frozenset[str] | None) -> Parts | None:
    if known is None:
        return None
    marks = [IN_TRAINING if value in known else NOT_IN_TRAINING for value in values]
    return Parts((IN_TRAINING, NOT_IN_TRAINING), marks)


def _signer_seen(known: Clips) -> Parts | None:
    if (marks := known.column("signer_seen")) is not None:
        return _named(marks)
    signers = known.column("signer")
    if known.training is None or signers is None:
        return None
    return _seen(signers, known.training.signers)


def _source_seen(known: Clips) -> Parts | None:
    if (marks := known.column("source_seen")) is not None:
        return _named(marks)
    return None if known.training is None else _seen(known.clips.sources, known.training.sources)


def _sentence_seen(known: Clips) -> Parts | None:
    if known.training is None:
        return None
    return _seen(known.clips.references, frozenset(known.training.captions))


def points_outside(text: str) -> bool:
    """Whether an English sentence has a word of `POINTING`."""
    return not POINTING.isdisjoint(re.findall(r"[a-z]+", text.lower().replace("’", "'")))


def _pronouns(known: Clips) -> Parts | None:
    if known.language != ENGLISH:
        return None
    names = ("pronouns that need context", "none of them")
    return Parts(names, [names[not points_outside(text)] for text in known.clips.references])


def _needs_context(known: Clips) -> Parts | None:
    names = {"1": NEEDS_EARLIER, "0": STANDS_ALONE}
    values = [row.get(NEEDS_CONTEXT, "") for row in known.rows]
    if not names.keys() >= set(values):
        return None
    return Parts([*names.values()], [names[value] for value in values])


def _of_column(name: str) -> Callable[[Clips], Parts | None]:
    def parts(known: Clips) -> Parts | None:
        values = known.column(name)
        return None if values is None else _named(values)

    return parts


# In the order of tables. What the manifest says itself counts before what training says.
PARTS: dict[str, Callable[[Clips], Parts | None]] = {
    "reference_length": _reference_length,
    "source": _source,
    "duration": _duration,
    "rate": _rate,
    "hands": _hands,
    "face": _face,
    "signer_seen": _signer_seen,
    "source_seen": _source_seen,
    "sentence_seen": _sentence_seen,
    "pronouns": _pronouns,
    NEEDS_CONTEXT: _needs_context,
} | {name: _of_column(name) for name in BY_COLUMN}


def parted(known: Clips) -> dict[str, Parts]:
    """Every way of parting that the files allow, by its name.

    Raises:
        UserError: a value of the manifest is no number where it must be one.
    """
    found = {name: part(known) for name, part in PARTS.items()}
    return {name: parts for name, parts in found.items() if parts is not None}
