"""How strongly a sentence is signed: speed and extent of the wrists against the signer's average.

Emphatic signs are larger and faster (Wilbur 1999, "Stress in ASL", Language and Speech 42; Wilbur
and Schick 1987). A clip is compared with the other clips of its signer only, so that a lively
signer is not always emphatic, and lengths are in shoulder widths, so that the camera's distance
does not matter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import erf, sqrt
from typing import Any

import numpy as np

from sonar_sign.landmarks.layouts import POINTS

WRISTS = tuple(POINTS.index(f"{side}_hand_wrist") for side in ("left", "right"))
# Fewer clips say nothing of a signer's average; all signers' average is taken instead.
MIN_CLIPS = 5
MIN_ROWS = 4
# Wrists at rest would hide how fast the signs are.
MOVING = 0.5
EXTENT_PERCENTILES = (5, 95)
# Standard deviations that are no less in any corpus: a signer whose clips are all alike is none.
MIN_SPREAD = 0.05


@dataclass(frozen=True)
class Movement:
    """How the wrists move in one clip."""

    speed: float
    """Mean speed of the faster half of the frames, in shoulder widths per second."""
    extent: float
    """Diagonal of the box that holds the wrists but for outliers, in shoulder widths."""


@dataclass(frozen=True)
class Baseline:
    """How a signer moves on average; logarithms, because people differ by factors."""

    mean: tuple[float, float]
    """Of the logarithms of speed and extent."""
    spread: tuple[float, float]
    """Their standard deviations."""
    n_clips: int
    """Clips that it was computed from."""
    of: str
    """`signer`, or `all signers` where the signer has too few clips."""


@dataclass(frozen=True)
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
            "wrist_speed": round(self.movement.speed, 3),
            "wrist_extent": round(self.movement.extent, 3),
            "unit": "shoulder widths (per second)",
            "compared_with": self.baseline.of,
            "n_clips": self.baseline.n_clips,
        }


def movement(rows: np.ndarray, rows_per_s: float) -> Movement | None:
    """Measure one clip; None where the wrists are seen too rarely.

    Args:
        rows: `(n_rows, width)` landmarks as `landmarks.representation` makes them.
        rows_per_s: how many rows a second has.
    """
    n_points = len(POINTS)
    rows = np.asarray(rows, np.float64)
    points = rows[:, : 2 * n_points].reshape(len(rows), n_points, 2)
    speeds, boxes = [], []
    for wrist in WRISTS:
        xy = points[:, wrist]
        seen = (xy != 0).any(axis=1)  # the columns of a missing point are zero
        if seen.sum() < MIN_ROWS:
            continue
        both = seen[1:] & seen[:-1]
        speeds.append(rows_per_s * np.linalg.norm(np.diff(xy, axis=0), axis=1)[both])
        low, high = np.percentile(xy[seen], EXTENT_PERCENTILES, axis=0)
        boxes.append((low, high))
    fast = np.concatenate([*speeds, np.empty(0)])
    if len(fast) < MIN_ROWS:
        return None
    fast = fast[fast >= np.quantile(fast, MOVING)]
    lows, highs = zip(*boxes, strict=True)
    extent = float(np.linalg.norm(np.max(highs, axis=0) - np.min(lows, axis=0)))
    found = Movement(float(fast.mean()), extent)
    return found if found.speed > 0 and found.extent > 0 else None


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


def _logs(movements: Sequence[Movement]) -> np.ndarray:
    return np.log([(one.speed, one.extent) for one in movements])


def _baseline(movements: Sequence[Movement], of: str) -> Baseline:
    logs = _logs(movements)
    mean, spread = logs.mean(axis=0), np.maximum(logs.std(axis=0), MIN_SPREAD)
    return Baseline(tuple(mean.tolist()), tuple(spread.tolist()), len(movements), of)


def _value(one: Movement, baseline: Baseline) -> float:
    """The share of a normal distribution below the mean of both deviations."""
    deviations = (_logs([one])[0] - baseline.mean) / baseline.spread
    return 0.5 * (1 + erf(float(deviations.mean()) / sqrt(2)))
