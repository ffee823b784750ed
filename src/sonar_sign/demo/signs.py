"""The signs: position, direction and shape of the hands.

Positions are in shoulder widths from the midpoint of the shoulders: x towards the hand's own
side (so a mirrored left hand has the same numbers), y up. The chin is at y = 0.24, the mouth at
0.4, the forehead at 0.75, the belt at -0.9. Signs differ mainly in position and
path, because little else is visible in an image of 64 x 64 pixels.
"""

from dataclasses import dataclass, replace

from sonar_sign.demo.grammar import GLOSSES, LETTER, POINTS

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Stroke:
    """The movement of one hand during a sign."""

    points: Points
    """Positions of the palm's centre, evenly spaced in time."""
    shape: str
    """The name of a handshape."""
    pointing_deg: tuple[float, float] = (90.0, 90.0)
    """Direction of the fingers at start and end: 0 outwards, 90 up, 180 inwards."""
    roll: float = 1.0
    """1 shows the palm to the viewer, -1 the back of the hand."""


@dataclass(frozen=True)
class Sign:
    """One sign."""

    right: Stroke
    left: Stroke | None = None
    """None: the left hand rests."""
    head_shake: bool = False
    """Whether the head shakes during the sign."""
    seconds: float | None = None
    """Duration at tempo 1; None: by the number of points."""
    transition_s: float | None = None
    """Duration of the way to it; None: as usual."""


LETTER_S, LETTER_TRANSITION_S = 0.12, 0.07
"""Five letters a second, as fluent signers spell."""
REST = Stroke(((0.22, -0.90),), "rest", (205.0, 205.0), -0.8)


def _both(stroke: Stroke) -> Sign:
    """Both hands make the same movement, mirrored."""
    return Sign(stroke, stroke)


def _alternating(stroke: Stroke) -> Sign:
    """The left hand makes the mirrored movement backwards in time."""
    return Sign(stroke, replace(stroke, points=stroke.points[::-1]))


def _on_base(stroke: Stroke, place: tuple[float, float], shape: str, pointing: float) -> Sign:
    """The left hand holds still at `place`."""
    return Sign(stroke, Stroke((place, place), shape, (pointing, pointing), -1.0))


def _side_by_side(stroke: Stroke, gap: float) -> Sign:
    """Both hands move in parallel, the left one `gap` further to the signer's left."""
    points = tuple((gap - x, y) for x, y in stroke.points)
    pointing = tuple(180.0 - angle for angle in stroke.pointing_deg)
    return Sign(stroke, replace(stroke, points=points, pointing_deg=pointing))


def letter(name: str) -> Sign:
    """A letter of the manual alphabet: one place beside the shoulder, and a handshape."""
    place = Stroke(((0.62, 0.02), (0.64, 0.02)), f"letter_{name}", (92, 92))
    return Sign(place, seconds=LETTER_S, transition_s=LETTER_TRANSITION_S)


SIGNS: dict[str, Sign] = {
    "YESTERDAY": Sign(
        Stroke(((0.14, 0.32), (0.36, 0.55), (0.62, 0.85)), "thumb", (120, 60), -1.0)
    ),
    "NOW": _both(Stroke(((0.78, 0.15), (0.72, -0.55), (0.70, -0.6)), "claw", (110, 150), -1.0)),
    "TOMORROW": Sign(Stroke(((0.36, 0.45), (0.80, 0.35), (0.92, -0.25)), "index", (90, 20))),
    "APPLE": Sign(Stroke(((0.34, 0.36), (0.22, 0.44), (0.36, 0.34)), "fist", (130, 165), -1.0)),
    "BREAD": _on_base(
        Stroke(((0.10, 0.02), (0.05, -0.38), (0.0, -0.02), (-0.05, -0.40)), "flat", (165, 190)),
        (0.05, -0.45), "flat", 170.0,
    ),
    "DOOR": _on_base(
        Stroke(((0.06, 0.0), (0.85, 0.06), (0.12, 0.0)), "flat", (90, 90)),
        (0.16, 0.0), "flat", 90.0,
    ),
    "CAR": _alternating(
        Stroke(((0.42, 0.02), (0.40, -0.5), (0.42, 0.02)), "fist", (120, 120), -1.0)
    ),
    "BOOK": _both(Stroke(((0.06, -0.55), (0.45, -0.62), (0.50, -0.60)), "flat", (95, 20))),
    "SHIRT": _both(Stroke(((0.44, 0.05), (0.30, -0.16), (0.46, 0.08)), "pinch", (150, 165), -1.0)),
    "TREE": Sign(
        Stroke(((0.62, 0.55), (0.48, 0.60), (0.66, 0.58)), "open", (90, 90)),
        Stroke(((-0.25, -0.42), (-0.25, -0.42)), "flat", (175, 175), -1.0),
    ),
    "TWO": Sign(Stroke(((0.50, 0.0), (0.52, 0.26), (0.52, 0.28)), "v", (90, 90), -1.0)),
    "RED": Sign(Stroke(((0.04, 0.34), (0.05, 0.02), (0.04, 0.30)), "index", (120, 150), -1.0)),
    "BIG": _both(Stroke(((0.15, 0.05), (0.85, 0.15), (0.92, 0.15)), "c", (105, 75))),
    "OLD": Sign(
        Stroke(((0.0, 0.16), (0.10, -0.22), (0.0, -0.50), (0.08, -0.72)), "c", (150, 170), -1.0)
    ),
    "I": Sign(Stroke(((0.30, -0.42), (0.10, -0.22), (0.10, -0.22)), "index", (170, 175), -1.0)),
    "YOU": Sign(Stroke(((0.45, -0.45), (0.90, -0.32), (0.94, -0.32)), "index", (40, 10), -1.0)),
    "TEACHER": _both(Stroke(((0.34, 0.72), (0.62, 0.66), (0.66, 0.15)), "pinch", (110, 80))),
    "MOTHER": Sign(Stroke(((0.30, 0.10), (0.10, 0.18), (0.32, 0.06)), "open", (115, 125), -1.0)),
    "FRIEND": _both(Stroke(((0.30, -0.20), (-0.12, -0.28), (0.10, -0.24)), "index", (150, 175))),
    "CUT": Sign(Stroke(((0.72, -0.55), (0.10, -0.62), (-0.42, -0.60)), "v", (165, 185), -1.0)),
    "WASH": Sign(
        Stroke(((0.20, -0.62), (-0.10, -0.42), (0.24, -0.30), (0.0, -0.68)), "fist", (150, 160)),
        Stroke(((0.02, -0.72), (0.02, -0.72)), "fist", (165, 165), -1.0),
    ),
    "FIND": Sign(Stroke(((0.55, -0.80), (0.58, -0.20), (0.52, 0.05)), "pinch", (150, 80), -1.0)),
    "PAINT": Sign(
        Stroke(((-0.30, 0.10), (-0.42, -0.48), (-0.34, 0.06), (-0.44, -0.4)), "flat", (110, 150))
    ),
    "BUY": _on_base(
        Stroke(((0.0, -0.62), (0.40, -0.18), (0.85, -0.60)), "pinch", (150, 70)),
        (0.12, -0.72), "flat", 170.0,
    ),
    "CARRY": _side_by_side(
        Stroke(((-0.12, -0.40), (0.40, -0.20), (0.86, -0.42)), "flat", (100, 60)), 0.5
    ),
    "NOT": Sign(
        Stroke(((0.30, 0.90), (0.74, 0.82), (0.32, 0.90)), "index", (100, 80)), head_shake=True
    ),
}  # fmt: skip

assert set(SIGNS) == set(GLOSSES)

POINTING = {
    POINTS["near"]: Sign(
        Stroke(((0.60, -0.10), (1.02, 0.10), (1.04, 0.10)), "index", (60, 25), -1.0)
    ),
    POINTS["across"]: Sign(
        Stroke(((0.20, -0.10), (-0.45, 0.12), (-0.48, 0.12)), "index", (150, 170), -1.0)
    ),
}


def sign_of(gloss: str) -> Sign:
    """The sign of any gloss of the grammar.

    Raises:
        KeyError: there is none.
    """
    if gloss in SIGNS:
        return SIGNS[gloss]
    if gloss in POINTING:
        return POINTING[gloss]
    if gloss.startswith(LETTER):
        return letter(gloss.removeprefix(LETTER))
    # Only the large vocabulary needs these; drawing them takes a moment.
    from sonar_sign.demo.more_signs import more_signs

    return more_signs()[gloss]
