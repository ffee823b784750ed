"""The signers' heads: one public-domain portrait, cut out, tinted and scaled.

The portrait is NASA's photograph of Eileen Collins that scikit-image ships
(`skimage.data.astronaut`, public domain). The coordinates below
were read from it by eye; they are (x, y) in its pixels.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import skimage.data

Points = tuple[tuple[float, float], ...]

TILT_DEG = 14.0
"""How far the head is tilted in questions, clockwise in the picture."""
BROW_RAISE = 9.0
"""How far the brows are raised in questions, in pixels of the portrait."""
BROW_POINTS = slice(17, 27)

SHOULDER_WIDTH = 191.0
"""Shoulder width in pixels of the portrait: about 2.2 times the height of the detected face."""
NECK_BASE = (221.0, 225.0)
"""Midpoint of the shoulders, in pixels of the portrait."""
ORIGIN = (138, 4)
SIZE = (180, 192)
"""Left top corner (`ORIGIN`), width and height of the part of the portrait with the head."""

HEAD_OUTLINE: Points = (
    (153.5, 69), (158, 56), (171, 44.5), (190, 38), (195, 30), (210, 22), (231, 16.5),
    (246, 19.5), (270, 28), (285, 40), (295, 57), (300.5, 81), (297.5, 101), (290, 118),
    (281, 127), (276, 134), (270, 136), (267.5, 138), (265, 147), (257, 162), (253.5, 175),
    (244, 184), (230, 186), (206, 181), (192.5, 174.5), (189, 164), (184, 145), (182, 131),
    (177, 130), (173, 124), (169.5, 118), (160, 107), (155.5, 98), (154.5, 83),
)  # fmt: skip
SKIN_OUTLINE: Points = (
    (185, 80), (202, 78.5), (220, 80), (236, 82), (257, 87.5), (268, 90), (270, 100),
    (271, 117), (273, 127), (279, 133), (270, 139), (265, 150), (262, 195), (180, 195),
    (182, 133), (170, 126), (171, 119), (178.5, 117), (180, 104), (182, 86),
)  # fmt: skip
JAW: Points = (
    (182, 109), (182, 120), (182.5, 132), (184, 143), (188, 155), (194, 165), (204, 173),
    (215, 177.5), (225.5, 179), (236, 177.5), (246, 172), (255, 164), (261, 152), (265, 142),
    (267, 132), (269, 120), (270, 109),
)  # fmt: skip
BROWS: Points = (
    (190, 91), (195, 88.5), (201, 88), (207, 89), (214, 93), (238, 94), (244, 92), (250, 91),
    (257, 91.5), (264, 94.5),
)  # fmt: skip
NOSE: Points = (
    (223, 104), (222.5, 110), (222, 116), (221.5, 122), (212, 128), (217, 130), (223, 131.5),
    (229, 130), (234, 128),
)  # fmt: skip
EYES: Points = (
    (193, 101), (199, 98), (206, 98.5), (211, 102.5), (205, 104), (198, 103.5), (238, 105),
    (243, 101), (251, 101), (257.5, 104.5), (251, 106.5), (243, 106.5),
)  # fmt: skip
MOUTH: Points = (
    (203, 140), (210, 140), (218, 140.5), (224, 141.5), (230, 140.5), (237, 140), (244.5, 140.5),
    (239, 149), (232, 153), (224, 154.5), (215, 152.5), (208, 147), (205, 141), (215, 142.5),
    (223.5, 143.5), (232, 142.5), (242.5, 141.5), (232, 147.5), (223.5, 149), (215, 147),
)  # fmt: skip
PUPILS: Points = ((203.5, 101), (246.5, 103.5))
FACE_POINTS = np.array(JAW + BROWS + NOSE + EYES + MOUTH + PUPILS)
"""OpenPose's 70 face points, (70, 2)."""
EARS: Points = ((174, 122), (276, 130))

# OpenPose numbers face points from the person's right to left, so mirroring renumbers them.
MIRROR = np.array(
    [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31]
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65, 69, 68]
)


@dataclass(frozen=True)
class FaceLook:
    """How a signer's head differs from the portrait."""

    skin_gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Factors on red, green and blue of the skin."""
    hair_gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Factors on red, green and blue of the hair."""
    hair_grey: float = 0.0
    """0 keeps the hair's colour, 1 makes it grey before `hair_gain` is applied."""
    mirrored: bool = False
    """Flip left and right."""
    width: float = 1.0
    """Factor on the width of the head."""
    height: float = 1.0
    """Factor on the height of the head."""
    glasses: bool = False
    beard: float = 0.0
    """Darkness of a beard, 0 (none) to 1."""
    long_hair: bool = False


@dataclass(frozen=True)
class Head:
    """A signer's head as an image with a soft edge; positions are relative to the neck's base."""

    open_eyes: np.ndarray
    """(height, width, 3) uint8 RGB."""
    closed_eyes: np.ndarray
    alpha: np.ndarray
    """(height, width) float32 opacity."""
    corner: tuple[int, int]
    """Left top corner, pixels from the neck's base."""
    face_points: np.ndarray
    """(70, 2) pixels from the neck's base, OpenPose's order."""
    ears: np.ndarray
    """(2, 2) right and left ear, pixels from the neck's base."""
    skin: tuple[int, int, int]
    """RGB of hands and arms: the cheeks, slightly darker."""
    neck_skin: tuple[int, int, int]
    """RGB of the neck, in the shadow of the chin."""
    hair: tuple[int, int, int]
    """RGB."""
    brow_px: float
    """How far brows are raised in questions, pixels."""
    raised: tuple[np.ndarray, np.ndarray]
    """Images with raised brows: open eyes, closed eyes."""

    def points_at(self, asking: np.ndarray) -> np.ndarray:
        """`face_points` with raised brows on a tilted head, `(n, 70, 2)`; asking is `(n,)`."""
        points = np.repeat(self.face_points[None], len(asking), axis=0)
        points[:, BROW_POINTS, 1] -= self.brow_px * asking[:, None]
        return turned(points, asking)

    def ears_at(self, asking: np.ndarray) -> np.ndarray:
        """`ears` of a tilted head, `(n, 2, 2)`."""
        return turned(np.repeat(self.ears[None], len(asking), axis=0), asking)


def turned(points: np.ndarray, asking: np.ndarray) -> np.ndarray:
    """`(n, m, 2)` points from the neck's base, turned by the head's tilt."""
    angle = np.radians(TILT_DEG * asking)[:, None]
    x, y = points[..., 0], points[..., 1]
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([cos * x - sin * y, sin * x + cos * y], axis=-1)


@lru_cache(maxsize=1)
def _portrait() -> np.ndarray:
    (left, top), (width, height) = ORIGIN, SIZE
    return skimage.data.astronaut()[top : top + height, left : left + width].copy()


def _mask(outline: Points, softness: float) -> np.ndarray:
    mask = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    points = np.round((np.array(outline) - ORIGIN) * 16).astype(np.int32)
    cv2.fillPoly(mask, [points], 255, cv2.LINE_AA, shift=4)
    return cv2.GaussianBlur(mask, (0, 0), softness).astype(np.float32) / 255


def make_head(look: FaceLook, shoulder_px: float) -> Head:
    """Cut out and tint the head of a signer whose shoulders are `shoulder_px` pixels wide."""
    picture = _portrait().astype(np.float32)
    alpha, skin = _mask(HEAD_OUTLINE, 1.2), _mask(SKIN_OUTLINE, 1.5)[..., None]
    grey = picture.mean(axis=2, keepdims=True)
    hair = (picture + look.hair_grey * (grey - picture)) * np.array(look.hair_gain)
    face = picture * np.array(look.skin_gain)
    if look.beard:
        face *= 1 - look.beard * 0.55 * _beard_mask()[..., None]
    picture = np.clip(hair + skin * (face - hair), 0, 255).astype(np.uint8)
    skin_colour = _median(picture, 190, 200, 118, 132)
    shadow = _median(_portrait() * np.array(look.skin_gain), 196, 206, 172, 178)
    closed = _close_eyes(picture.copy(), _median(picture, 198, 208, 94, 97))
    raised = [_raise_brows(image.copy(), skin_colour) for image in (picture, closed)]
    if look.glasses:
        for image in (picture, closed, *raised):
            _draw_glasses(image)

    scale = shoulder_px / SHOULDER_WIDTH
    zoom = np.array([scale * look.width, scale * look.height])
    corner = (np.array(ORIGIN) - NECK_BASE) * zoom
    points = (FACE_POINTS - NECK_BASE) * zoom
    ears = (np.array(EARS) - NECK_BASE) * zoom
    images = [picture, closed, alpha, *raised]
    size = tuple(int(n) for n in np.ceil(np.array(SIZE) * zoom))
    if look.mirrored:
        images = [image[:, ::-1] for image in images]
        points = (points * (-1, 1))[MIRROR]
        ears = (ears * (-1, 1))[::-1]
        corner[0] = -corner[0] - size[0]
    snapped = np.round(corner).astype(int)
    images = [cv2.resize(np.ascontiguousarray(image), size) for image in images]
    return Head(
        open_eyes=images[0],
        closed_eyes=images[1],
        alpha=images[2],
        corner=(int(snapped[0]), int(snapped[1])),
        face_points=points + (snapped - corner),
        ears=ears + (snapped - corner),
        skin=_mix(skin_colour, shadow, 0.3),
        neck_skin=_mix(skin_colour, shadow, 0.6),
        hair=_median(picture, 275, 292, 60, 100),
        brow_px=BROW_RAISE * float(zoom[1]),
        raised=(images[3], images[4]),
    )


def _median(picture: np.ndarray, left: int, right: int, top: int, bottom: int) -> tuple:
    """The median colour of a rectangle of the portrait."""
    (x, y) = ORIGIN
    piece = picture[top - y : bottom - y, left - x : right - x].reshape(-1, 3)
    return tuple(int(value) for value in np.median(piece, axis=0))


def _mix(first: tuple, second: tuple, share: float) -> tuple:
    return tuple(int(a + share * (b - a)) for a, b in zip(first, second, strict=True))


def _close_eyes(picture: np.ndarray, skin: tuple[int, int, int]) -> np.ndarray:
    lash = tuple(int(0.4 * value) for value in skin)
    for eye in (EYES[:6], EYES[6:]):
        (x, y) = np.mean(eye, axis=0) - ORIGIN
        centre = (round(x * 16), round(y * 16))
        cv2.ellipse(picture, centre, (160, 72), 3, 0, 360, skin, -1, cv2.LINE_AA, 4)
        cv2.ellipse(picture, centre, (152, 56), 3, 15, 165, lash, 1, cv2.LINE_AA, 4)
    return picture


def _raise_brows(picture: np.ndarray, skin: tuple[int, int, int]) -> np.ndarray:
    """Paint over the brows, and draw thick ones above, under a wrinkled forehead."""
    dark = tuple(int(0.25 * value) for value in skin)
    points = np.round((np.array(BROWS) - ORIGIN) * 16).astype(np.int32)
    raised = points - (0, round(16 * BROW_RAISE))
    for line in (points, raised):
        cv2.polylines(picture, [line], False, skin, 13, cv2.LINE_AA, 4)
    for brow in (raised[:5], raised[5:]):
        cv2.polylines(picture, [brow], False, dark, 5, cv2.LINE_AA, 4)
    return picture


def _draw_glasses(picture: np.ndarray) -> None:
    frame = (45, 38, 40)
    for x, y in np.array(PUPILS) - ORIGIN:
        centre = (round(x * 16), round((y + 2) * 16))
        cv2.ellipse(picture, centre, (17 * 16, 13 * 16), 3, 0, 360, frame, 1, cv2.LINE_AA, 4)
    for start, end in (((220, 103), (230, 104)), ((187, 101), (179, 99)), ((263, 105), (271, 103))):
        start, end = (tuple(np.array(point) - ORIGIN) for point in (start, end))
        cv2.line(picture, start, end, frame, 1, cv2.LINE_AA)


def _beard_mask() -> np.ndarray:
    """Chin and jaw without the mouth."""
    chin = (*JAW[3:14], (256, 147), (240, 136), (224, 134), (207, 136), (192, 146))
    lips = MOUTH[:12]
    return np.clip(_mask(chin, 3.0) - _mask(lips, 1.5), 0, 1)
