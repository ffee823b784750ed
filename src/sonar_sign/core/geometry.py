"""Boxes around faces and signers, and cutting them out of frames.

A box is `(x1, y1, x2, y2)` in pixels, x to the right and y down, fractions allowed. The formulas
are those of SSVP-SLT's preprocessing (Rust et al. 2024, arXiv:2402.09611) as recorded in
tests/data/golden/preproc.json: the public weights were trained on signers cropped in this way.
"""

import math

import cv2
import numpy as np

Box = tuple[float, float, float, float]


def crop_box(
    box: Box, left: float = 1.5, up: float = 1.0, right: float = 1.5, down: float = 3.0
) -> Box:
    """Grow a face box to the signing space: each side moves by a multiple of the box's size.

    Width and height count both border pixels, `x2 - x1 + 1`. The result may leave the frame.
    """
    x1, y1, x2, y2 = box
    width, height = x2 - x1 + 1, y2 - y1 + 1
    return (x1 - left * width, y1 - up * height, x2 + right * width, y2 + down * height)


def square_box(box: Box) -> Box:
    """Grow the shorter side, equally at both ends, to the length of the longer one."""
    x1, y1, x2, y2 = box
    grow_x = max((y2 - y1) - (x2 - x1), 0) / 2
    grow_y = max((x2 - x1) - (y2 - y1), 0) / 2
    return (x1 - grow_x, y1 - grow_y, x2 + grow_x, y2 + grow_y)


def center_box(width: int, height: int) -> tuple[int, int, int, int]:
    """A square in the middle of a frame, half as wide as its shorter side; used without a face."""
    side = min(width, height) // 2
    x1, y1 = (width - side) // 2, (height - side) // 2
    return (x1, y1, x1 + side, y1 + side)


def intersection_over_union(a: Box, b: Box) -> float:
    """Intersection over union, 0 to 1, of boxes that contain both border pixels."""
    width = min(a[2], b[2]) - max(a[0], b[0]) + 1
    height = min(a[3], b[3]) - max(a[1], b[1]) + 1
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    areas = [(x2 - x1 + 1) * (y2 - y1 + 1) for x1, y1, x2, y2 in (a, b)]
    return both / (sum(areas) - both)


def crop_resize(frames: np.ndarray, box: Box, size: int) -> np.ndarray:
    """Cut a box out of frames and scale it to a square; outside the frame it is black.

    The box is made square, then its coordinates are truncated toward zero; x2 and y2 are
    exclusive. Scaling is bilinear.

    Args:
        frames: `(n_frames, height, width, 3)` uint8.
        box: the same in every frame.
        size: width and height of the result, pixels.

    Returns:
        `(n_frames, size, size, 3)` uint8.

    Raises:
        ValueError: the box is empty or not finite.
    """
    if not all(math.isfinite(value) for value in box):
        raise ValueError(f"The box {box} is not finite.")
    x1, y1, x2, y2 = (int(value) for value in square_box(box))
    if x2 <= x1 or y2 <= y1:
        raise ValueError(f"The box {box} is empty.")
    n_frames, height, width, channels = frames.shape
    left, top, right, bottom = max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)
    result = np.zeros((n_frames, size, size, channels), np.uint8)
    if right <= left or bottom <= top:
        return result
    inside = (left, top, right, bottom) == (x1, y1, x2, y2)
    canvas = np.zeros((y2 - y1, x2 - x1, channels), np.uint8)
    for frame, scaled in zip(frames, result, strict=True):
        part = frame[top:bottom, left:right]
        if not inside:
            canvas[top - y1 : bottom - y1, left - x1 : right - x1] = part
            part = canvas
        scaled[:] = cv2.resize(part, (size, size), interpolation=cv2.INTER_LINEAR)
    return result
