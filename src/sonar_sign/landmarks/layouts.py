"""The 85 points that represent a signer, and where OpenPose and MediaPipe have them.

The points are those of YouTube-ASL (Uthus et al. 2023, arXiv 2306.15162): six of the body, 21 of
each hand, 37 of the face, given there as numbers of MediaPipe Holistic's points. OpenPose's
nearest points stand beside them; where it has none between two, the middle of the two is taken.
Left and right are the signer's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

# A coordinate beyond this, in pixels, is none.
MAX_PIXELS = 1e6

_BODY = {  # name: (MediaPipe's name and number, OpenPose's BODY_25)
    "left_shoulder": ("LEFT_SHOULDER", 11, 5),
    "right_shoulder": ("RIGHT_SHOULDER", 12, 2),
    "left_elbow": ("LEFT_ELBOW", 13, 6),
    "right_elbow": ("RIGHT_ELBOW", 14, 3),
    "left_hip": ("LEFT_HIP", 23, 12),
    "right_hip": ("RIGHT_HIP", 24, 9),
}
# Both number a hand's points alike.
HAND_POINTS = (
    "wrist",
    *(f"{finger}_{joint}" for finger in ("thumb",) for joint in ("cmc", "mcp", "ip", "tip")),
    *(
        f"{finger}_{joint}"
        for finger in ("index", "middle", "ring", "little")
        for joint in ("mcp", "pip", "dip", "tip")
    ),
)
_FACE = {  # MediaPipe's number: (name, OpenPose's points, of which the middle is taken)
    0: ("upper_lip", (51,)),
    4: ("nose_tip", (30,)),
    13: ("inner_upper_lip", (62,)),
    14: ("inner_lower_lip", (66,)),
    17: ("lower_lip", (57,)),
    33: ("right_eye_outer", (36,)),
    37: ("upper_lip_right", (50,)),
    39: ("upper_lip_far_right", (49,)),
    46: ("right_brow_outer", (17,)),
    52: ("right_brow", (19,)),
    55: ("right_brow_inner", (21,)),
    61: ("mouth_right", (48,)),
    64: ("nose_right", (31,)),
    81: ("inner_upper_lip_far_right", (60, 61)),
    82: ("inner_upper_lip_right", (61,)),
    93: ("cheek_right", (2,)),
    133: ("right_eye_inner", (39,)),
    151: ("forehead", (21, 22)),
    152: ("chin", (8,)),
    159: ("right_upper_lid", (37, 38)),
    172: ("jaw_right", (4,)),
    178: ("inner_lower_lip_right", (60, 67)),
    181: ("lower_lip_right", (58, 59)),
    263: ("left_eye_outer", (45,)),
    269: ("upper_lip_far_left", (53,)),
    276: ("left_brow_outer", (26,)),
    282: ("left_brow", (24,)),
    285: ("left_brow_inner", (22,)),
    291: ("mouth_left", (54,)),
    294: ("nose_left", (35,)),
    311: ("inner_upper_lip_far_left", (63, 64)),
    323: ("cheek_left", (14,)),
    362: ("left_eye_inner", (42,)),
    386: ("left_upper_lid", (43, 44)),
    397: ("jaw_left", (12,)),
    468: ("right_pupil", (68,)),
    473: ("left_pupil", (69,)),
}

NAME = "youtube_asl_85"
POINTS: tuple[str, ...] = (
    *_BODY,
    *(f"left_hand_{point}" for point in HAND_POINTS),
    *(f"right_hand_{point}" for point in HAND_POINTS),
    *(f"face_{name}" for name, _ in _FACE.values()),
)
BODY, LEFT_HAND, RIGHT_HAND, FACE = slice(0, 6), slice(6, 27), slice(27, 48), slice(48, 85)
LEFT_SHOULDER, RIGHT_SHOULDER = 0, 1


@dataclass(frozen=True)
class Layout:
    """The points that a tool finds, and which of them are the 85."""

    name: str
    components: tuple[tuple[str, int], ...]
    """Its parts, in order, with their numbers of points, as its files name them."""
    signing: tuple[tuple[str, tuple[int, ...]], ...]
    """For each of the 85: the part, and the numbers in it whose middle is the point."""

    @property
    def n_points(self) -> int:
        return sum(count for _, count in self.components)

    @cached_property
    def _pairs(self) -> np.ndarray:
        starts, start = {}, 0
        for component, count in self.components:
            starts[component] = start
            start += count
        rows = [(part, numbers[0], numbers[-1]) for part, numbers in self.signing]
        return np.array([(starts[part] + a, starts[part] + b) for part, a, b in rows]).T

    def reduced(self, points: np.ndarray) -> np.ndarray:
        """The 85 of all points: `(..., n_points, 3)` gives `(..., 85, 3)`.

        The last axis is x, y (pixels) and confidence. A middle is as sure as its less sure end.
        """
        first, second = points[..., self._pairs[0], :], points[..., self._pairs[1], :]
        result = (first + second) / 2
        result[..., 2] = np.minimum(first[..., 2], second[..., 2])
        return result


def _layout(name: str, components: Sequence[tuple[str, int]], openpose: bool) -> Layout:
    body, face, left, right = (part for part, _ in components)
    numbers = [(body, (points[2] if openpose else points[1],)) for points in _BODY.values()]
    for hand in (left, right):
        numbers += [(hand, (point,)) for point in range(len(HAND_POINTS))]
    numbers += [(face, theirs if openpose else (ours,)) for ours, (_, theirs) in _FACE.items()]
    return Layout(name, tuple(components), tuple(numbers))


OPENPOSE = _layout(
    "openpose",
    [
        ("pose_keypoints_2d", 25),
        ("face_keypoints_2d", 70),
        ("hand_left_keypoints_2d", 21),
        ("hand_right_keypoints_2d", 21),
    ],
    openpose=True,
)
MEDIAPIPE = _layout(
    "mediapipe",
    [
        ("POSE_LANDMARKS", 33),
        ("FACE_LANDMARKS", 478),
        ("LEFT_HAND_LANDMARKS", 21),
        ("RIGHT_HAND_LANDMARKS", 21),
    ],
    openpose=False,
)


def cleaned(points: np.ndarray) -> np.ndarray:
    """`(..., 3)` points, those that are none (NaN, infinite, beyond any picture) all zeros."""
    wrong = ~(np.abs(points).max(axis=-1) < MAX_PIXELS) | ~(points[..., 2] > 0)
    return np.where(wrong[..., None], 0, points).astype(np.float32)
