"""Draws a head that asks: tilted, with raised brows."""

from dataclasses import dataclass

import cv2
import numpy as np

from sonar_sign.demo.face import TILT_DEG

MARGIN_PX = 48
"""Added on every side of the head's picture, so that no corner is lost when it is turned."""
STEPS = 11
"""Different tilts that are drawn."""


@dataclass(frozen=True)
class TiltedHead:
    """A head's picture in one tilt."""

    face: np.ndarray
    """(height, width, 3) uint8 RGB, multiplied by its opacity."""
    behind: np.ndarray
    """(height, width, 3) uint8: 255 where the picture behind it is seen."""
    corner: tuple[int, int]
    """Left top corner, pixels from the neck's base."""

    def draw(self, image: np.ndarray, neck: np.ndarray) -> None:
        """Draw it into `image`, (size, size, 3); neck is (x, y) of the neck's base."""
        left, top = (int(v) for v in np.round(neck).astype(int) + self.corner)
        height, width = self.face.shape[:2]
        rows = slice(max(0, -top), min(height, image.shape[0] - top))
        columns = slice(max(0, -left), min(width, image.shape[1] - left))
        piece = image[
            top + rows.start : top + rows.stop, left + columns.start : left + columns.stop
        ]
        behind = cv2.multiply(piece, self.behind[rows, columns], scale=1 / 255)
        piece[:] = cv2.add(behind, self.face[rows, columns])


def tilted_head(
    picture: np.ndarray, alpha: np.ndarray, corner: tuple[int, int], asking: float
) -> TiltedHead:
    """Turn a head's picture about the neck's base.

    Args:
        picture: (height, width, 3) uint8 RGB.
        alpha: (height, width) float32 opacity.
        corner: of the picture, pixels from the neck's base.
        asking: 0 (upright) to 1 (as far as in a question).
    """
    angle = np.radians(TILT_DEG * asking)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    pivot = MARGIN_PX - np.array(corner, float)
    matrix = np.concatenate([turn, (pivot - turn @ pivot)[:, None]], axis=1)
    size = (picture.shape[1] + 2 * MARGIN_PX, picture.shape[0] + 2 * MARGIN_PX)
    shifted = matrix @ np.array([[1, 0, MARGIN_PX], [0, 1, MARGIN_PX], [0, 0, 1]], float)
    turned = cv2.warpAffine(picture, shifted, size)
    opacity = cv2.warpAffine(alpha, shifted, size)[..., None]
    face = (turned * opacity).astype(np.uint8)
    behind = np.repeat(np.round(255 * (1 - opacity)).astype(np.uint8), 3, axis=2)
    return TiltedHead(face, behind, (corner[0] - MARGIN_PX, corner[1] - MARGIN_PX))
