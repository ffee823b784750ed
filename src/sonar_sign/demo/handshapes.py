"""Handshapes: a few parameters each, and the 21 joint positions computed from them."""

from dataclasses import astuple, dataclass

import numpy as np

# Joint positions with the wrist at (0, 0), the second axis along the middle finger and the
# first towards the thumb; the unit is the hand's length, wrist to tip of the middle finger.
KNUCKLES = np.array([(0.165, 0.46), (0.055, 0.49), (-0.06, 0.46), (-0.165, 0.40)])
FINGER_LENGTHS = np.array([0.43, 0.49, 0.45, 0.36])
PHALANGES = np.array([0.46, 0.30, 0.24])
THUMB_ROOT = np.array([0.12, 0.11])
THUMB_SEGMENTS = np.array([0.19, 0.16, 0.14])
# Bend of each joint of a finger, in degrees, when it is folded into the palm.
FOLD_DEG = np.array([85.0, 100.0, 60.0])
# Distance from the wrist to the centre of the palm, which is the point that signs place.
PALM_CENTRE = 0.28


@dataclass(frozen=True)
class HandShape:
    """One handshape; values between two shapes are valid too."""

    index: float
    """How far the index finger is folded: 0 straight, 1 folded into the palm."""
    middle: float
    """The same for the middle finger."""
    ring: float
    """The same for the ring finger."""
    little: float
    """The same for the little finger."""
    spread_deg: float
    """Angle between neighbouring fingers."""
    sweep_deg: float
    """Bend of every finger joint towards the thumb's side, as seen by the viewer."""
    thumb_deg: float
    """Angle between thumb and the hand's axis, outwards."""
    thumb_bend_deg: float
    """Bend of each thumb joint towards the fingers."""


HANDSHAPES = {
    "rest": HandShape(0.25, 0.25, 0.3, 0.3, 3, 0, 35, 5),
    "fist": HandShape(1.0, 1.0, 1.0, 1.0, 2, 0, 30, 45),
    "thumb": HandShape(1.0, 1.0, 1.0, 1.0, 2, 0, 65, 0),
    "flat": HandShape(0.0, 0.0, 0.0, 0.0, 1, 0, 25, 8),
    "open": HandShape(0.0, 0.0, 0.0, 0.0, 16, 0, 60, 0),
    "index": HandShape(0.0, 1.0, 1.0, 1.0, 4, 0, 30, 45),
    "v": HandShape(0.0, 0.0, 1.0, 1.0, 20, 0, 30, 45),
    "claw": HandShape(0.45, 0.45, 0.45, 0.45, 14, 0, 65, 15),
    "c": HandShape(0.05, 0.05, 0.05, 0.05, 3, 30, 75, 20),
    "pinch": HandShape(0.5, 0.05, 0.0, 0.0, 12, 10, 35, 12),
    # Letters, in the manner of a manual alphabet.
    "letter_A": HandShape(1.0, 1.0, 1.0, 1.0, 2, 0, 12, 0),
    "letter_B": HandShape(0.0, 0.0, 0.0, 0.0, 2, 0, -10, 45),
    "letter_C": HandShape(0.25, 0.25, 0.25, 0.25, 3, 25, 75, 10),
    "letter_D": HandShape(0.0, 0.7, 0.75, 0.8, 3, 0, 20, 40),
    "letter_E": HandShape(0.6, 0.6, 0.6, 0.6, 2, 0, 5, 60),
    "letter_I": HandShape(1.0, 1.0, 1.0, 0.0, 10, 0, 20, 45),
    "letter_L": HandShape(0.0, 1.0, 1.0, 1.0, 4, 0, 85, 0),
    "letter_N": HandShape(0.65, 0.65, 1.0, 1.0, 3, 0, 10, 50),
    "letter_O": HandShape(0.55, 0.5, 0.5, 0.5, 2, 22, 60, 25),
}
SHAPE_SIZE = len(astuple(HANDSHAPES["rest"]))


def shape_values(name: str) -> np.ndarray:
    """A handshape as a vector, (SHAPE_SIZE,), in the order of `HandShape`'s fields.

    Raises:
        KeyError: there is no handshape of that name.
    """
    return np.array(astuple(HANDSHAPES[name]), float)


def hand_points(shapes: np.ndarray, roll: np.ndarray) -> np.ndarray:
    """The 21 joints of hands, in OpenPose's order: wrist, then thumb to little finger.

    Args:
        shapes: (n, SHAPE_SIZE) handshape values.
        roll: (n,) from 1 (palm towards the viewer) through 0 (edge on) to -1 (back).

    Returns:
        (n, 21, 2) positions in hand lengths; first axis towards the thumb, second along the hand.
    """
    n = len(shapes)
    folds, spread, sweep, thumb, bend = np.split(shapes, [4, 5, 6, 7], axis=1)
    points = np.zeros((n, 21, 2))

    # A folding finger turns out of the image plane, so its projection gets shorter and then
    # points backwards.
    turn = np.cumsum(folds[:, :, None] * np.radians(FOLD_DEG), axis=2)  # (n, 4, 3)
    visible = FINGER_LENGTHS[:, None] * PHALANGES * np.cos(turn)
    fan = np.radians(spread) * np.array([1.0, 0.15, -0.8, -1.8])  # (n, 4)
    lean = fan[:, :, None] + np.cumsum(np.radians(sweep)[:, :, None] * np.ones(3), axis=2)
    steps = visible[..., None] * np.stack([np.sin(lean), np.cos(lean)], axis=-1)
    joints = KNUCKLES[:, None, :] + np.cumsum(steps, axis=2)  # (n, 4, 3, 2)
    for finger in range(4):
        first = 5 + 4 * finger
        points[:, first] = KNUCKLES[finger]
        points[:, first + 1 : first + 4] = joints[:, finger]

    direction = np.radians(thumb - bend * np.arange(3))  # (n, 3)
    steps = THUMB_SEGMENTS[:, None] * np.stack([np.sin(direction), np.cos(direction)], axis=-1)
    points[:, 1] = THUMB_ROOT
    points[:, 2:5] = THUMB_ROOT + np.cumsum(steps, axis=1)

    # A hand seen edge on still has its thickness.
    width = np.where(roll < 0, -1.0, 1.0) * np.maximum(np.abs(roll), 0.25)
    points[..., 0] *= width[:, None]
    return points
