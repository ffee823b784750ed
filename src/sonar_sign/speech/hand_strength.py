"""How strongly a sentence is signed: how hard the hands are moved, against the signer's average.

Stressed signs are larger and faster (Wilbur and Schick 1987, Language and Speech 30; Wilbur 1999,
Language and Speech 42). Speed alone says more of the distance between two signs than of stress.
So three quantities count, as logarithms: the acceleration of the palms, which grows with the size
of a movement and with the square of its tempo; that of the elbows, which keypoint tools lose less
often; and the acceleration of the palms by their extent, the square of the tempo, which does not
depend on how far apart the places of the signs are.

A clip is compared with the other clips of its signer only, so that a lively signer is not always
emphatic, and lengths are in shoulder widths, so that the camera's distance does not matter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import erf, log, sqrt
from typing import Any

import numpy as np

from sonar_sign.landmarks.layouts import HAND_POINTS, LEFT_HAND, POINTS, RIGHT_HAND

_PALM = ("wrist", "index_mcp", "middle_mcp", "ring_mcp", "little_mcp")
PALMS = tuple(
    tuple(hand.start + HAND_POINTS.index(name) for name in _PALM)
    for hand in (LEFT_HAND, RIGHT_HAND)
)
ELBOWS = tuple((POINTS.index(f"{side}_elbow"),) for side in ("left", "right"))
# Fewer clips say nothing of a signer's average; all signers' average is taken instead.
MIN_CLIPS = 5
MIN_ROWS = 4
# Hands that come nearer to where they were by so much, in shoulder widths, if they change places
# have been confused.
CONFUSED = 0.15
# Standard deviations that are no less in any corpus: a signer whose clips are all alike is none.
MIN_SPREAD = 0.02


@dataclass(frozen=True)
class Movement:
    """How the arms move in one clip."""

    palms: float
    """Acceleration, root mean square, in shoulder widths per square second."""
    elbows: float
    """The same of the elbows."""
    extent: float
    """Standard deviation of the palms' places, in shoulder widths."""

    @property
    def logs(self) -> tuple[float, float, float]:
        """What is compared with other clips."""
        return log(self.palms), log(self.elbows), log(self.palms / self.extent)


@dataclass(frozen=True, eq=False)
class Baseline:
    """How a signer moves on average; logarithms, because people differ by factors."""

    mean: np.ndarray
    """`(3,)`, of `Movement.logs`."""
    spread: np.ndarray
    """`(3,)`, their standard deviations."""
    n_clips: int
    """Clips that it was computed from."""
    of: str
    """`signer`, or `all signers` where the signer has too few clips."""


@dataclass(frozen=True, eq=False)
class Strength:
    """How strong a clip is for its signer."""

    value: float
    """From 0 to 1; 0.5 is the signer's average."""
    movement: Movement
    """What was measured."""
    baseline: Baseline
    """What it was compared with."""

    @property
    def emphasis(self) -> float:
        """How far above the average: 0 for the average and below it, up to 1."""
        return max(0.0, 2 * self.value - 1)

    def as_record(self) -> dict[str, Any]:
        """For files."""
        return {
            "strength": round(self.value, 3),
            "acceleration_of_palms": round(self.movement.palms, 3),
            "acceleration_of_elbows": round(self.movement.elbows, 3),
            "extent_of_palms": round(self.movement.extent, 3),
            "unit": "shoulder widths, seconds",
            "compared_with": self.baseline.of,
            "n_clips": self.baseline.n_clips,
        }


def movement(rows: np.ndarray, rows_per_s: float) -> Movement | None:
    """Measure one clip; None where palms or elbows are seen too rarely.

    Args:
        rows: `(n_rows, width)` landmarks as `landmarks.representation` makes them.
        rows_per_s: how many rows a second has.
    """
    n_points = len(POINTS)
    points = np.asarray(rows, np.float64)[:, : 2 * n_points].reshape(len(rows), n_points, 2)
    # The columns of a missing point are zero.
    points = np.where((points != 0).any(axis=2, keepdims=True), points, np.nan)
    palms = _in_their_places(*(_middle(points[:, list(palm)]) for palm in PALMS))
    elbows = tuple(_middle(points[:, list(elbow)]) for elbow in ELBOWS)
    found = (
        _acceleration(palms, rows_per_s),
        _acceleration(elbows, rows_per_s),
        _extent(palms),
    )
    return Movement(*found) if min(found) > 0 else None


def _middle(points: np.ndarray) -> np.ndarray:
    """The mean of `(n_rows, n, 2)` points, `(n_rows, 2)`; NaN where most of them are missing."""
    seen = ~np.isnan(points[..., 0])
    n = seen.sum(axis=1)
    total = np.where(seen[..., None], points, 0.0).sum(axis=1)
    return np.where((2 * n > points.shape[1])[:, None], total / np.maximum(n, 1)[:, None], np.nan)


def _in_their_places(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both hands, `(n_rows, 2)` each, exchanged where a keypoint tool has confused them."""
    hands = np.stack([left, right], axis=1)
    last = hands[0].copy() if len(hands) else None
    for row in range(1, len(hands)):
        stay = np.nansum(np.linalg.norm(hands[row] - last, axis=1))
        change = np.nansum(np.linalg.norm(hands[row, ::-1] - last, axis=1))
        if change < stay - CONFUSED and not np.isnan(hands[row] + last).any():
            hands[row] = hands[row, ::-1].copy()
        last = np.where(np.isnan(hands[row]), last, hands[row])
    return hands[:, 0], hands[:, 1]


def _acceleration(joints: Sequence[np.ndarray], rows_per_s: float) -> float:
    """Root mean square over both sides, `(n_rows, 2)` each; 0 where too little is seen."""
    squares = np.concatenate([(np.diff(joint, 2, axis=0) ** 2).sum(axis=1) for joint in joints])
    squares = squares[~np.isnan(squares)]
    return rows_per_s**2 * sqrt(squares.mean()) if len(squares) >= MIN_ROWS else 0.0


def _extent(joints: Sequence[np.ndarray]) -> float:
    """Standard deviation of places, the mean of the sides that are mostly seen; 0 for none."""
    seen = [joint[~np.isnan(joint[:, 0])] for joint in joints]
    spreads = [
        sqrt(places.var(axis=0).sum())
        for places, joint in zip(seen, joints, strict=True)
        if 2 * len(places) >= max(len(joint), MIN_ROWS)
    ]
    return sum(spreads) / len(spreads) if spreads else 0.0


def strengths(
    movements: Mapping[str, Movement | None], signers: Mapping[str, str]
) -> dict[str, Strength]:
    """The strength of every clip whose wrists were measured, by clip.

    Args:
        movements: of all clips that are there: the more of a signer, the better the average.
        signers: of each clip; clips without one share an average.
    """
    measured = {name: one for name, one in movements.items() if one is not None}
    by_signer: dict[str, list[Movement]] = {}
    for name, one in measured.items():
        by_signer.setdefault(signers.get(name, ""), []).append(one)
    everyone = _baseline(list(measured.values()), "all signers") if measured else None
    baselines = {
        signer: _baseline(own, "signer") if signer and len(own) >= MIN_CLIPS else everyone
        for signer, own in by_signer.items()
    }
    found = {}
    for name, one in measured.items():
        baseline = baselines[signers.get(name, "")]
        if baseline is not None and baseline.n_clips >= MIN_CLIPS:
            found[name] = Strength(_value(one, baseline), one, baseline)
    return found


def _baseline(movements: Sequence[Movement], of: str) -> Baseline:
    logs = np.array([one.logs for one in movements])
    return Baseline(logs.mean(axis=0), np.maximum(logs.std(axis=0), MIN_SPREAD), len(logs), of)


def _value(one: Movement, baseline: Baseline) -> float:
    """The share of a normal distribution below the mean of the deviations."""
    deviations = (np.array(one.logs) - baseline.mean) / baseline.spread
    return 0.5 * (1 + erf(float(deviations.mean()) / sqrt(2)))
