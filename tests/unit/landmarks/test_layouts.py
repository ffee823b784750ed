"""The 85 points: which they are, and that both tools have them in the same order."""

import re

import numpy as np
import pytest
from small_files import REPOSITORY

from sonar_sign.landmarks.layouts import (
    BODY,
    COCO,
    FACE,
    LEFT_HAND,
    MEDIAPIPE,
    OPENPOSE,
    POINTS,
    RIGHT_HAND,
)

# As YouTube-ASL's paper lists them, by MediaPipe's numbers.
BODY_NUMBERS = [11, 12, 13, 14, 23, 24]
FACE_NUMBERS = [
    0, 4, 13, 14, 17, 33, 37, 39, 46, 52, 55, 61, 64, 81, 82, 93, 133, 151, 152, 159, 172, 178,
    181, 263, 269, 276, 282, 285, 291, 294, 311, 323, 362, 386, 397, 468, 473,
]  # fmt: skip


def test_there_are_85_names():
    assert len(POINTS) == len(set(POINTS)) == 85
    assert POINTS[BODY][0] == "left_shoulder"
    assert all(name.startswith("left_hand_") for name in POINTS[LEFT_HAND])
    assert all(name.startswith("right_hand_") for name in POINTS[RIGHT_HAND])
    assert all(name.startswith("face_") for name in POINTS[FACE])


def test_mediapipes_are_those_of_youtube_asl():
    points = np.ones((MEDIAPIPE.n_points, 3))
    points[:, 0] = np.arange(len(points))
    numbers = MEDIAPIPE.reduced(points)[:, 0].astype(int)
    assert numbers[BODY].tolist() == BODY_NUMBERS
    assert (numbers[FACE] - 33).tolist() == FACE_NUMBERS
    assert (numbers[LEFT_HAND] - 33 - 478).tolist() == list(range(21))
    assert (numbers[RIGHT_HAND] - 33 - 478 - 21).tolist() == list(range(21))


def test_openposes_hands_and_shoulders():
    points = np.ones((OPENPOSE.n_points, 3))
    points[:, 0] = np.arange(len(points))
    numbers = OPENPOSE.reduced(points)[:, 0]
    named = dict(zip(POINTS, numbers, strict=True))
    assert (named["left_shoulder"], named["right_shoulder"]) == (5, 2)
    assert (named["left_hip"], named["right_hip"]) == (12, 9)
    assert numbers[LEFT_HAND].tolist() == list(range(95, 116))
    assert numbers[RIGHT_HAND].tolist() == list(range(116, 137))


@pytest.mark.parametrize("layout", [OPENPOSE, MEDIAPIPE])
def test_left_mirrors_right(layout):
    """On a face that is symmetric by construction every left point mirrors its right one."""
    if layout is OPENPOSE:
        mirrored = {  # iBUG's 68 points and two pupils
            **{n: 16 - n for n in range(17)},
            **{17 + n: 26 - n for n in range(10)},
            **{n: n for n in range(27, 31)},
            **{31 + n: 35 - n for n in range(5)},
            **dict(zip((36, 37, 38, 39, 40, 41), (45, 44, 43, 42, 47, 46), strict=True)),
            **{48 + n: 54 - n for n in range(7)},
            **dict(zip((55, 56, 57, 58, 59), (59, 58, 57, 56, 55), strict=True)),
            **dict(zip(range(60, 68), (64, 63, 62, 61, 60, 67, 66, 65), strict=True)),
            68: 69,
        }  # fmt: skip
        mirrored |= {b: a for a, b in mirrored.items()}
        start = 25
    else:
        pairs = [(33, 263), (39, 269), (46, 276), (52, 282), (55, 285), (61, 291), (64, 294)]
        pairs += [(81, 311), (93, 323), (133, 362), (159, 386), (172, 397), (468, 473)]
        mirrored = {**dict(pairs), **{b: a for a, b in pairs}}
        start = 33
    rng = np.random.default_rng(0)
    points = np.ones((layout.n_points, 3))
    for a, b in mirrored.items():
        if a <= b:
            x, y = rng.uniform(0, 1, 2)
            points[start + a, :2] = (-x if a != b else 0), y
            points[start + b, :2] = (x if a != b else 0), y
    named = dict(zip(POINTS, layout.reduced(points), strict=True))
    lefts = [name for name in POINTS if name.startswith("face_") and "left" in name]
    assert len(lefts) >= 13
    for name in lefts:
        right = named[name.replace("left", "right")]
        assert np.allclose(named[name] * [-1, 1, 1], right), name


def test_a_middle_is_as_sure_as_its_less_sure_end():
    points = np.zeros((OPENPOSE.n_points, 3))
    points[25 + 37], points[25 + 38] = (10, 0, 0.9), (20, 4, 0.3)
    lid = OPENPOSE.reduced(points)[POINTS.index("face_right_upper_lid")]
    assert np.allclose(lid, (15, 2, 0.3))
    points[25 + 38] = 0
    assert OPENPOSE.reduced(points)[POINTS.index("face_right_upper_lid")][2] == 0


def test_the_table_of_the_docs_is_what_is_read():
    text = (REPOSITORY / "docs/landmarks.md").read_text()
    table = re.findall(r"^\| `(face_\w+)` \| (.+) \| (.+) \| (.+) \|$", text, flags=re.MULTILINE)
    assert len(table) == 37
    for column, (layout, start) in enumerate([(MEDIAPIPE, 33), (OPENPOSE, 25), (COCO, 0)]):
        points = np.ones((layout.n_points, 3))
        points[:, 0] = np.arange(layout.n_points) - start
        named = dict(zip(POINTS, layout.reduced(points), strict=True))
        for name, *numbers in table:
            told = [int(number) for number in re.findall(r"\d+", numbers[column])]
            found = named[name]
            assert found[2] == bool(told)
            assert not told or found[0] == np.mean(told), (name, layout.name)
