"""Keypoints with the faults of a detector, in place of perfect ones.

At least one hand is found in 95 % of a video's frames and both in 75 %, which is what MediaPipe
Holistic finds in real clips of signing. A hand is lost for a while, rather while it moves fast or
is near the other one. What is found jitters, more where it is fast; sometimes the hands are
exchanged, and a hand before the face hides the face.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d

ONE_FOUND, BOTH_FOUND = 0.95, 0.75
"""Shares of frames in which at least one hand is found, and both."""
SWAPPED = 0.015
"""Share of frames in which the two hands are exchanged."""
WANDER_FRAMES = 4.0
"""Deviation, in frames, of the smoothing of what loses a hand: how long it is lost."""
SPEED_WEIGHT, NEAR_WEIGHT = 0.9, 0.6
"""How much a fast hand, and two hands near each other, are lost rather than others."""
JITTER, JITTER_OF_SPEED = 0.012, 0.10
"""Deviation of a point of a hand: in shoulder widths, and as a share of the way per frame."""
STEADY_JITTER = 0.006
"""Deviation of a point of body and face, in shoulder widths."""
PALM = 9
FACE_RADIUS = 0.42
"""A palm nearer to the middle of the face hides it, in shoulder widths."""


def detected(
    body: np.ndarray, face: np.ndarray, hands: np.ndarray, unit_px: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Keypoints as a detector gives them, from perfect ones.

    Args:
        body: (n, 25, 3) x, y (pixels) and confidence; zeros: not found.
        face: (n, 70, 3).
        hands: (n, 2 sides, 21, 3).
        unit_px: shoulder width.

    Returns:
        Copies of body, face and hands.
    """
    palms = hands[:, :, PALM, :2]
    speed = np.linalg.norm(np.gradient(palms, axis=0), axis=-1) / unit_px  # (n, 2)
    apart = np.linalg.norm(palms[:, 0] - palms[:, 1], axis=-1) / unit_px  # (n,)
    covered = _covered(face, palms, unit_px)
    deviation = JITTER + JITTER_OF_SPEED * gaussian_filter1d(speed, 1.0, axis=0)
    body = _jittered(body, np.full(len(body), STEADY_JITTER * unit_px), rng)
    face = _jittered(face, np.full(len(face), STEADY_JITTER * unit_px), rng)
    sides = [_jittered(hands[:, side], deviation[:, side] * unit_px, rng) for side in (0, 1)]
    hands = np.stack(sides, axis=1)
    hands[_lost(speed, apart, rng)] = 0.0
    swapped = _top(_wander(len(hands), rng), SWAPPED)
    hands[swapped] = hands[swapped][:, ::-1]
    face[covered & (_wander(len(face), rng) > -0.8)] = 0.0
    return body, face, hands


def _jittered(points: np.ndarray, deviation: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`(n, m, 3)` points moved by `(n,)` pixels; what is not found stays so."""
    moved = points.copy()
    noise = deviation[:, None, None] * rng.standard_normal(points[..., :2].shape)
    moved[..., :2] += noise * (points[..., 2:] > 0)
    return moved


def _lost(speed: np.ndarray, apart: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Which hands are lost, (n, 2) bool, in exactly the shares of frames that are said above."""
    n = len(speed)
    near = NEAR_WEIGHT * np.exp(-((apart / 0.5) ** 2))
    fast = SPEED_WEIGHT * np.stack([_ranks(gaussian_filter1d(one, 2.0)) for one in speed.T], axis=1)
    scores = np.stack([_wander(n, rng) for _ in range(2)], axis=1) + fast + near[:, None]
    both = _top(_wander(n, rng) + fast.min(axis=1) + near, 1 - ONE_FOUND)
    one = _top(np.where(both, -np.inf, scores.max(axis=1)), ONE_FOUND - BOTH_FOUND)
    lost = np.repeat(both[:, None], 2, axis=1)
    lost[one, scores[one].argmax(axis=1)] = True
    return lost


def _covered(face: np.ndarray, palms: np.ndarray, unit_px: float) -> np.ndarray:
    """Whether a palm is before the face, (n,) bool."""
    middle = face[:, :, :2].mean(axis=1)
    return (np.linalg.norm(palms - middle[:, None], axis=-1) < FACE_RADIUS * unit_px).any(axis=1)


def _wander(n: int, rng: np.random.Generator) -> np.ndarray:
    """Smooth noise of unit deviation, (n,)."""
    noise = gaussian_filter1d(rng.standard_normal(n), WANDER_FRAMES)
    return (noise - noise.mean()) / max(float(noise.std()), 1e-9)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks as -1 (lowest) to 1, (n,)."""
    order = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return 2 * order / max(len(values) - 1, 1) - 1


def _top(values: np.ndarray, share: float) -> np.ndarray:
    """Which of the values, (n,) bool, are among the largest."""
    chosen = np.zeros(len(values), bool)
    count = round(share * len(values))
    if count:
        chosen[np.argsort(values, kind="stable")[-count:]] = True
    return chosen
