"""From sentences to hand motion: times of the signs, and the state of both hands per frame."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np
from scipy.interpolate import PchipInterpolator

from sonar_sign.demo.articulation import Delivery, Token, articulated
from sonar_sign.demo.grammar import Sentence
from sonar_sign.demo.handshapes import SHAPE_SIZE, shape_values
from sonar_sign.demo.signs import REST, Sign, Stroke, sign_of

FPS = 24
STATE_SIZE = 4 + SHAPE_SIZE
"""Columns of a hand's state: x, y (shoulder widths), direction (degrees), roll, handshape."""

TRANSITION_S = 0.20
STROKE_S = {1: 0.24, 2: 0.26, 3: 0.31, 4: 0.40}
"""Duration of a stroke in seconds at tempo 1, by its number of points."""
RETRACT_S = 0.28
IDLE_S = (0.2, 0.5)
SLACK_S = (0.04, 0.16)
SHAKE, SHAKE_ALONE = 0.035, 0.10
"""How far the head moves when it shakes, in shoulder widths: beside a sign, and without one."""
ONSET_S = 0.15
"""How long brows and head take to get there."""


@dataclass(frozen=True)
class Manner:
    """The signing style of one signer."""

    tempo: float = 1.0
    """Speed: 1.1 is 10 % faster."""
    size: float = 1.0
    """Factor on the size of the signing space."""
    shift: tuple[float, float] = (0.0, 0.0)
    """Shift of the signing space in shoulder widths (towards the hand's own side, up)."""
    tilt_deg: float = 0.0
    """Added to the direction in which the hands point."""
    noise: float = 0.02
    """Standard deviation of positions between repetitions of a sign, shoulder widths."""


@dataclass(frozen=True)
class SpanS:
    """A named span of the video, in seconds."""

    name: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Performance:
    """The signing of a whole video."""

    right: np.ndarray
    """(n_frames, STATE_SIZE) state of the right hand."""
    left: np.ndarray
    """(n_frames, STATE_SIZE) state of the left hand."""
    sway: np.ndarray
    """(n_frames, 2) small movements of the body, shoulder widths (right, up)."""
    nod: np.ndarray
    """(n_frames, 2) movements of the head relative to the body, shoulder widths (right, up)."""
    blink: np.ndarray
    """(n_frames,) whether the eyes are closed."""
    asking: np.ndarray
    """(n_frames,) how far brows are raised and the head is tilted, 0 to 1."""
    sentences: tuple[tuple[float, float], ...]
    """Start and end of each sentence in seconds, with a small random margin."""
    signs: tuple[tuple[SpanS, ...], ...]
    """The signs of each sentence."""


class _Track:
    """The states of one hand at given times; states between them are interpolated."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.states: list[np.ndarray] = []

    def add(self, start_s: float, end_s: float, stroke: Stroke) -> None:
        """Add the points of a stroke, evenly spaced from `start_s` to `end_s`."""
        points = stroke.points if len(stroke.points) > 1 else stroke.points * 2
        shape = shape_values(stroke.shape)
        for share, (x, y) in zip(np.linspace(0, 1, len(points)), points, strict=True):
            first, last = stroke.pointing_deg
            pointing = first + share * (last - first)
            self.times.append(start_s + share * (end_s - start_s))
            self.states.append(np.concatenate([[x, y, pointing, stroke.roll], shape]))

    def at(self, times_s: np.ndarray) -> np.ndarray:
        """The state at each time, (n, STATE_SIZE), interpolated without overshoot."""
        curve = PchipInterpolator(self.times, np.array(self.states), axis=0)
        return curve(np.clip(times_s, self.times[0], self.times[-1]))


def perform(
    sentences: Sequence[Sentence],
    manner: Manner,
    rng: np.random.Generator,
    deliveries: Sequence[Delivery] = (),
) -> Performance:
    """Sign `sentences` one after the other, with pauses before, between and after them.

    Args:
        deliveries: one per sentence; none: all plain.
    """
    right, left = _Track(), _Track()
    spans, signs, shakes, questions = [], [], [], []
    now = 0.0
    for sentence, delivery in zip_longest(sentences, deliveries, fillvalue=Delivery()):
        idle = rng.uniform(*IDLE_S) / delivery.rate
        for track in (right, left):
            track.add(now, now + idle, _vary(REST, manner, rng))
        start = now = now + idle
        signed = []
        for token in articulated(_tokens(sentence, manner, rng), delivery):
            begin = now + token.transition_s
            end = begin + token.stroke_s
            right.add(begin, end, token.right)
            left.add(begin, end, token.left)
            signed.append(SpanS(token.gloss, now + token.transition_s / 2, end))
            if sign_of(token.gloss).head_shake:
                shakes.append((now, end, SHAKE))
            now = end
        if sentence.head_negation:
            shakes.append((start + 0.3 * (now - start), now, SHAKE_ALONE))
        if sentence.asks:
            questions.append((start, now))
        slack = rng.uniform(*SLACK_S, size=2)
        spans.append((max(0.0, start - slack[0]), now + slack[1]))
        signs.append(tuple(signed))
        now += RETRACT_S / delivery.rate
    for track in (right, left):
        track.add(now, now + rng.uniform(*IDLE_S), REST)

    times = np.arange(int(np.ceil(right.times[-1] * FPS))) / FPS
    nod = _drift(times, 0.014, rng)
    for begin, end, amplitude in shakes:
        inside = (times >= begin) & (times <= end)
        nod[inside, 0] += amplitude * np.sin((times[inside] - begin) * 2 * np.pi * 3)
    return Performance(
        right=right.at(times),
        left=left.at(times),
        sway=_drift(times, 0.02, rng),
        nod=nod,
        blink=_blinks(times, rng),
        asking=_asking(times, questions),
        sentences=tuple(spans),
        signs=tuple(signs),
    )


def _tokens(sentence: Sentence, manner: Manner, rng: np.random.Generator) -> list[Token]:
    """The signs of a sentence, each by itself."""
    tokens = []
    for gloss in sentence.glosses:
        sign = _token(sign_of(gloss), manner, rng)
        pace = rng.lognormal(0.0, 0.08) / manner.tempo
        left = sign.left or _vary(REST, manner, rng)
        transition_s = TRANSITION_S if sign.transition_s is None else sign.transition_s
        stroke_s = sign.seconds or STROKE_S[len(sign.right.points)]
        tokens.append(Token(gloss, sign.right, left, transition_s * pace, stroke_s * pace))
    return tokens


def _asking(times_s: np.ndarray, questions: list[tuple[float, float]]) -> np.ndarray:
    """How far brows are raised and the head is tilted, (n,): 1 within questions."""
    raised = np.zeros(len(times_s))
    for begin, end in questions:
        corners = (begin - ONSET_S, begin, end, end + ONSET_S)
        raised = np.maximum(raised, np.interp(times_s, corners, (0, 1, 1, 0)))
    return raised


def other_handed(performance: Performance) -> Performance:
    """The same signing by a left-handed signer: the hands' parts are exchanged."""
    return replace(performance, right=performance.left, left=performance.right)


def _token(sign: Sign, manner: Manner, rng: np.random.Generator) -> Sign:
    """One repetition of a sign; both hands share most of the variation."""
    amplitude = rng.normal(1.0, 0.06)
    shift = rng.normal(0.0, manner.noise, size=2)
    right = _vary(sign.right, manner, rng, amplitude, shift)
    left = _vary(sign.left, manner, rng, amplitude, shift) if sign.left else None
    return replace(sign, right=right, left=left)


def _vary(
    stroke: Stroke,
    manner: Manner,
    rng: np.random.Generator,
    amplitude: float = 1.0,
    shift: np.ndarray | float = 0.0,
) -> Stroke:
    """`stroke` in the signer's style, with noise on positions and directions."""
    points = np.array(stroke.points)
    points = points.mean(axis=0) + amplitude * (points - points.mean(axis=0))
    points = points * manner.size + np.array(manner.shift) + shift
    points += rng.normal(0.0, manner.noise / 2, size=points.shape)
    turn = manner.tilt_deg + rng.normal(0.0, 6.0)
    first, last = stroke.pointing_deg
    return replace(
        stroke,
        points=tuple((float(x), float(y)) for x, y in points),
        pointing_deg=(first + turn, last + turn),
    )


def _drift(times_s: np.ndarray, amplitude: float, rng: np.random.Generator) -> np.ndarray:
    """A slow smooth movement around zero, (n, 2)."""
    periods = rng.uniform([[2.5, 3.0], [5.0, 6.0]], [[4.0, 5.0], [9.0, 9.0]])
    phases = rng.uniform(0, 2 * np.pi, size=(2, 2))
    waves = np.sin(2 * np.pi * times_s[:, None, None] / periods + phases)
    return amplitude * waves.mean(axis=1) * np.array([1.0, 0.5])


def _blinks(times_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Whether the eyes are closed, (n,): for 1/8 s every few seconds."""
    closed = np.zeros(len(times_s), bool)
    now = rng.uniform(0.5, 3.0)
    while now < times_s[-1]:
        closed |= (times_s >= now) & (times_s < now + 0.125)
        now += rng.uniform(2.0, 5.0)
    return closed
