"""The signs of the large vocabulary: drawn at random, once, and far enough from each other."""

from functools import lru_cache

import numpy as np

from sonar_sign.demo.grammar import GLOSSES
from sonar_sign.demo.handshapes import hand_points, shape_values
from sonar_sign.demo.lexicon import (
    ALL_TIMES,
    MORE_ADJECTIVES,
    MORE_NOUNS,
    MORE_SUBJECTS,
    MORE_VERBS,
    TIMES,
)
from sonar_sign.demo.signs import REST, SIGNS, Sign, Stroke

MORE_GLOSSES = (
    *(time for time in ALL_TIMES if time not in TIMES),
    *MORE_NOUNS,
    *MORE_ADJECTIVES,
    *MORE_SUBJECTS,
    *MORE_VERBS,
)
ALL_GLOSSES = (*GLOSSES, *MORE_GLOSSES)
SHAPES = ("fist", "thumb", "flat", "open", "index", "v", "claw", "c", "pinch")
APART = 0.24
"""Least distance of two signs, in shoulder widths: six pixels of a picture of 64 x 64."""
SEED = 1


@lru_cache(maxsize=1)
def more_signs() -> dict[str, Sign]:
    """The signs of `MORE_GLOSSES`; the same in every process."""
    rng = np.random.default_rng(SEED)
    known = np.stack([outlines(sign) for sign in SIGNS.values()])
    signs: dict[str, Sign] = {}
    for gloss in MORE_GLOSSES:
        while True:
            sign = _random_sign(rng)
            found = outlines(sign)
            apart = np.linalg.norm(known - found, axis=-1).mean(axis=(2, 3)).max(axis=1)
            if apart.min() > APART:
                break
        signs[gloss] = sign
        known = np.concatenate([known, found[None]])
    return signs


def _random_sign(rng: np.random.Generator) -> Sign:
    start = rng.uniform((-0.3, -0.65), (0.9, 0.8))
    points = [start]
    for _ in range(rng.integers(1, 3)):
        angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(0.25, 0.7)
        step = length * np.array([np.cos(angle), np.sin(angle)])
        points.append(np.clip(points[-1] + step, (-0.45, -0.75), (1.0, 0.9)))
    first = rng.uniform(30, 170)
    pointing = (float(first), float(first + rng.uniform(-60, 60)))
    path = tuple((float(x), float(y)) for x, y in points)
    right = Stroke(path, str(rng.choice(SHAPES)), pointing, float(rng.choice((-1.0, 1.0))))
    kind = rng.choice(("one", "both", "base"), p=(0.5, 0.3, 0.2))
    if kind == "both":
        return Sign(right, right)
    base = ((0.1, -0.5), (0.1, -0.5))
    return Sign(right, Stroke(base, "flat", (172.0, 172.0), -1.0) if kind == "base" else None)


def outlines(sign: Sign) -> np.ndarray:
    """Where wrists and fingertips are at six times, `(2 hands, 6, 5, 2)` shoulder widths."""
    return np.stack([_outline(sign.right), _outline(sign.left or REST)])


def _outline(stroke: Stroke) -> np.ndarray:
    path, share = np.array(stroke.points), np.linspace(0, 1, len(stroke.points))
    times = np.linspace(0, 1, 6)
    place = np.stack([np.interp(times, share, path[:, axis]) for axis in (0, 1)], axis=1)
    angle = np.radians(np.interp(times, (0, 1), stroke.pointing_deg))
    shape = np.repeat(shape_values(stroke.shape)[None], 6, axis=0)
    local = 0.45 * hand_points(shape, np.full(6, stroke.roll))[:, [0, 4, 8, 12, 20]]
    along = np.stack([np.cos(angle), np.sin(angle)], axis=1)[:, None]
    across = np.stack([-along[..., 1], along[..., 0]], axis=-1)
    return place[:, None] + local[..., :1] * across + (local[..., 1:] - 0.126) * along
