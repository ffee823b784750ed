"""Boxes and crops against the reference's."""

import json
from pathlib import Path

import numpy as np
import pytest

from sonar_sign.core.geometry import (
    center_box,
    crop_box,
    crop_resize,
    intersection_over_union,
    square_box,
)

GOLDEN = Path(__file__).parents[2] / "data" / "golden"
CASES = json.loads((GOLDEN / "preproc.json").read_text())
CROPS = np.load(GOLDEN / "crop_resize.npz")


def frames():
    """The golden vectors' input, (2, 90, 160, 3)."""
    t, y, x = np.ogrid[:2, :90, :160]
    red = (3 * x + 5 * y + 7 * t) % 256
    green = (x * x // 7 + 2 * y + 11 * t) % 256
    blue = ((x ^ y) + 13 * t) % 256
    return np.stack(np.broadcast_arrays(red, green, blue), axis=-1).astype(np.uint8)


@pytest.mark.parametrize("case", CROPS.files)
def test_crops(case):
    found = crop_resize(frames(), CASES[case]["bbox"], 24)
    assert found.dtype == np.uint8
    assert np.array_equal(found, CROPS[case])


@pytest.mark.parametrize("box", [(50, 50, 50, 50), (5, 5, 4, 4), (0, 0, float("nan"), 9)])
def test_empty_boxes_are_refused(box):
    with pytest.raises(ValueError, match="The box"):
        crop_resize(frames(), box, 24)


def test_signing_space_of_faces():
    given, expected = CASES["expand"]["input"], CASES["expand"]["output"]
    for faces, boxes in zip(given, expected, strict=True):
        assert [list(crop_box(face)) for face in faces] == boxes


@pytest.mark.parametrize("size", CASES["center_crop"])
def test_middle_of_the_frame(size):
    width, height = map(int, size.split("x"))
    assert list(center_box(width, height)) == CASES["center_crop"][size]


def test_intersection_over_union():
    expected = CASES["iou"]
    face = (0, 0, 9, 9)
    assert intersection_over_union(face, face) == expected["same"]
    assert intersection_over_union(face, (5, 0, 14, 9)) == expected["half"]
    assert intersection_over_union(face, (10, 0, 19, 9)) == expected["disjoint_adjacent"]
    assert intersection_over_union(face, (9, 9, 18, 18)) == expected["touching_pixel"]


@pytest.mark.parametrize("box", [(0, 0, 4, 9), (3.5, 1, 20, 2.25), (1, 1, 2, 2)])
def test_squares_keep_the_middle_and_the_longer_side(box):
    x1, y1, x2, y2 = square_box(box)
    side = max(box[2] - box[0], box[3] - box[1])
    assert (x2 - x1, y2 - y1) == (side, side)
    assert (x1 + x2, y1 + y2) == (box[0] + box[2], box[1] + box[3])
