"""How a sentence is articulated: its speed and size, and how signs flow into each other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sonar_sign.demo.signs import Stroke

# Of the way between two signs, how far the first one's end and the second one's start are moved
# towards each other at most.
PULL = 0.35
# At most this share of a sign is left out where it is fast.
LONGEST_CUT = 0.35
FASTER, LARGER = 0.45, 0.5
"""What emphasis of strength 1 adds to the speed and to the size of movements."""


@dataclass(frozen=True)
class Delivery:
    """How one sentence is signed."""

    rate: float = 1.0
    """Speed; 1.2 is 20 % faster."""
    emphasis: float = 0.0
    """Strength, 0 to 1."""
    coarticulation: float = 0.0
    """How far signs flow into each other, 0 to 1."""

    @property
    def speed(self) -> float:
        return self.rate * (1 + FASTER * self.emphasis)

    @property
    def size(self) -> float:
        return 1 + LARGER * self.emphasis


@dataclass(frozen=True)
class Token:
    """One repetition of a sign, in a sentence."""

    gloss: str
    right: Stroke
    left: Stroke
    transition_s: float
    """Seconds of the way to it."""
    stroke_s: float
    """Seconds of the sign itself."""


def articulated(tokens: Sequence[Token], delivery: Delivery) -> list[Token]:
    """The signs of one sentence as they are delivered: larger, faster, cut short, and blended."""
    if delivery == Delivery():
        return list(tokens)
    made = [_delivered(token, delivery) for token in tokens]
    for hand in ("right", "left"):
        strokes = [getattr(token, hand) for token in made]
        for first in range(len(strokes) - 1):
            pull = PULL * delivery.coarticulation
            strokes[first : first + 2] = _blended(*strokes[first : first + 2], pull)
        made = [replace(one, **{hand: new}) for one, new in zip(made, strokes, strict=True)]
    return made


def _delivered(token: Token, delivery: Delivery) -> Token:
    cut = min(LONGEST_CUT, delivery.coarticulation * max(0.0, delivery.speed - 1))
    return replace(
        token,
        right=_cut(_enlarged(token.right, delivery.size), cut),
        left=_cut(_enlarged(token.left, delivery.size), cut),
        transition_s=token.transition_s / delivery.speed,
        stroke_s=token.stroke_s / delivery.speed,
    )


def _enlarged(stroke: Stroke, size: float) -> Stroke:
    points = np.array(stroke.points)
    middle = points.mean(axis=0)
    return _moved(stroke, middle + size * (points - middle))


def _cut(stroke: Stroke, share: float) -> Stroke:
    """The stroke without the last part of its path and of its turn."""
    if share == 0 or len(stroke.points) == 1:
        return stroke
    points = np.array(stroke.points)
    places = np.linspace(0, 1 - share, len(points))
    known = np.linspace(0, 1, len(points))
    kept = np.stack([np.interp(places, known, points[:, axis]) for axis in (0, 1)], axis=1)
    first, last = stroke.pointing_deg
    return replace(_moved(stroke, kept), pointing_deg=(first, last + share * (first - last)))


def _blended(before: Stroke, after: Stroke, pull: float) -> tuple[Stroke, Stroke]:
    """Two strokes whose end and start are drawn towards each other."""
    first, second = np.array(before.points), np.array(after.points)
    way = second[0] - first[-1]
    first[-1] += pull * way
    second[0] -= pull * way
    return _moved(before, first), _moved(after, second)


def _moved(stroke: Stroke, points: np.ndarray) -> Stroke:
    return replace(stroke, points=tuple((float(x), float(y)) for x, y in points))
