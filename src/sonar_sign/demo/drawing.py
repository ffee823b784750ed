"""Draws antialiased arms and hands, lit from the upper left.

Outlines are computed for all frames at once; drawing a frame only fills them.
"""

import cv2
import numpy as np

Colour = tuple[int, int, int]
BITS = 4
"""Fractional bits of OpenCV's fixed-point coordinates: sixteenths of a pixel."""
LIGHT = np.array([-0.32, -0.38])
CAP_POINTS = 7
"""Corners of a limb's rounded end."""

# Layers of a limb from edge to highlight: fraction of the radius, added pixels, shift towards
# the light in radii, brightness.
LAYERS = (
    (1.0, 1.2, 0.0, 0.60),
    (1.0, -0.3, 0.0, 0.84),
    (0.68, 0.0, 0.8, 1.0),
    (0.28, 0.0, 1.3, 1.10),
)
# The same for an end that is joined to the torso: no edge, and the lit side fills it.
JOINED = ((1.0, -2.0, 0.0), (1.0, -0.3, 0.0), (0.99, 0.0, 0.0), (0.5, 0.0, 0.0))
PALM = [0, 1, 5, 9, 13, 17]
"""Indices of the joints around the palm, of the 21 of a hand."""


def shade(colour: Colour, factor: float) -> Colour:
    """The colour, lighter (factor above 1) or darker (below 1)."""
    red, green, blue = (min(255, int(value * factor)) for value in colour)
    return red, green, blue


def fixed(points: np.ndarray) -> np.ndarray:
    """Pixel coordinates as OpenCV's fixed-point integers."""
    return np.round(points * (1 << BITS)).astype(np.int32)


def limb_outlines(ends: np.ndarray, radii: tuple[float, float], joined: bool = False) -> np.ndarray:
    """Outlines of a tapering limb with round ends, for every frame.

    Args:
        ends: (n, 2 ends, 2) pixels.
        radii: radius at each end, pixels.
        joined: whether the first end is joined to a larger shape of the same colour.

    Returns:
        (n, layers, corners, 2) fixed-point; each outline is convex.
    """
    axis = ends[:, 1] - ends[:, 0]
    heading = np.arctan2(axis[:, 1], axis[:, 0])  # (n,)
    fan = np.linspace(0.5 * np.pi, 1.5 * np.pi, CAP_POINTS)
    outlines = []
    for free, grown in zip(LAYERS, JOINED, strict=True):
        caps = []
        for end, turn in ((0, 0.0), (1, np.pi)):
            share, margin, lit = grown if joined and end == 0 else free[:3]
            angle = heading[:, None] + fan + turn  # (n, CAP_POINTS)
            circle = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
            centre = ends[:, end] + lit * radii[end] * LIGHT
            caps.append(centre[:, None] + (share * radii[end] + margin) * circle)
        outlines.append(np.concatenate(caps, axis=1))
    return fixed(np.stack(outlines, axis=1))


def draw_limb(image: np.ndarray, outlines: np.ndarray, colour: Colour) -> None:
    """Draw one frame's outlines, (layers, corners, 2) of `limb_outlines`, into `image`."""
    for outline, (_, _, _, brightness) in zip(outlines, LAYERS, strict=True):
        tone = shade(colour, brightness)
        cv2.fillConvexPoly(image, outline, tone, cv2.LINE_AA, BITS)


def draw_hand(
    image: np.ndarray,
    joints: np.ndarray,
    folds: np.ndarray,
    roll: float,
    length_px: float,
    skin: Colour,
) -> None:
    """Draw a hand into `image`.

    Args:
        joints: (21, 2) fixed-point, OpenPose's order.
        folds: (4,) how far each finger is folded, index to little finger. Folded fingers lie on
            the palm, or behind it if the back of the hand is visible.
        roll: 1 (palm) to -1 (back of the hand).
        length_px: wrist to fingertip of a flat hand.
        skin: RGB.
    """
    thick = max(3, round(0.095 * length_px))
    edge = shade(skin, 0.55)

    def finger(first: int, last: int, width: int, tone: Colour) -> None:
        chain = [joints[first:last]]
        cv2.polylines(image, chain, False, edge, width + 2, cv2.LINE_AA, BITS)
        cv2.polylines(image, chain, False, tone, width, cv2.LINE_AA, BITS)

    straight = [5 + 4 * i for i in (3, 2, 1, 0) if folds[i] < 0.6]
    folded = [5 + 4 * i for i in (3, 2, 1, 0) if folds[i] >= 0.6]
    palm_seen = roll > 0
    for first in straight if palm_seen else folded + straight:
        finger(first, first + 4, thick, skin)

    palm = [cv2.convexHull(joints[PALM])]
    width = max(3, round(0.12 * length_px))
    cv2.polylines(image, palm, True, edge, width + 2, cv2.LINE_AA, BITS)
    cv2.polylines(image, palm, True, skin, width, cv2.LINE_AA, BITS)
    cv2.fillConvexPoly(image, palm[0], skin, cv2.LINE_AA, BITS)

    if palm_seen:
        for first in folded:
            finger(first, first + 4, thick, shade(skin, 0.94))
    else:
        # The back of the hand hides where the fingers begin: draw lines between them.
        roots = np.stack([joints[[9, 13]], (joints[[9, 13]] * 2 + joints[[10, 14]]) // 3], axis=1)
        cv2.polylines(image, roots, False, shade(skin, 0.8), 1, cv2.LINE_AA, BITS)
    finger(1, 5, thick + 1, skin)
