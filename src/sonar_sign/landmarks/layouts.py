"""The 85 points that represent a signer, and their indices in MediaPipe, OpenPose and COCO.

The points are those of YouTube-ASL (Uthus et al. 2023, arXiv 2306.15162): six of the body, 21 of
each hand, 37 of the face, defined there as indices of MediaPipe Holistic's points. The nearest
OpenPose points were chosen here; where a point lies between two, their midpoint is used. The face
of COCO-WholeBody has the first 68 of OpenPose's 70 points, so it lacks the pupils. Left and right
are the signer's own.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sonar_sign.landmarks import point_names

# A coordinate beyond this many pixels is invalid.
MAX_PIXELS = 1e6

_BODY = {  # name: index in MediaPipe, in OpenPose's BODY_25, in COCO
    "left_shoulder": (11, 5, 5),
    "right_shoulder": (12, 2, 6),
    "left_elbow": (13, 6, 7),
    "right_elbow": (14, 3, 8),
    "left_hip": (23, 12, 11),
    "right_hip": (24, 9, 12),
}
_COCO_FACE = 68
# All three order the points of a hand in the same way.
HAND_POINTS = (
    "wrist",
    *(f"thumb_{joint}" for joint in ("cmc", "mcp", "ip", "tip")),
    *(
        f"{finger}_{joint}"
        for finger in ("index", "middle", "ring", "little")
        for joint in ("mcp", "pip", "dip", "tip")
    ),
)
_FACE = {  # index in MediaPipe: (name, OpenPose's point, or two of which the midpoint is used)
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
    """The points of a keypoint tool, and which of them are the 85."""

    name: str
    """`mediapipe`, `openpose` or `coco`."""
    names: dict[str, tuple[str, ...]]
    """Names of the points of each part, in order: body, face, left hand, right hand."""
    signing: tuple[tuple[str, tuple[int, ...]], ...]
    """For each of the 85: its part, and one index in it, or two whose midpoint is used, or none."""

    @property
    def components(self) -> list[tuple[str, int]]:
        """(part, number of points) for each part."""
        return [(part, len(names)) for part, names in self.names.items()]

    @cached_property
    def n_points(self) -> int:
        """Number of points of all parts."""
        return sum(count for _, count in self.components)

    @cached_property
    def _pairs(self) -> np.ndarray:
        starts, start = {}, 0
        for part, count in self.components:
            starts[part] = start
            start += count
        found = [(part, numbers or (0,)) for part, numbers in self.signing]
        rows = [(part, numbers[0], numbers[-1]) for part, numbers in found]
        return np.array([(starts[part] + a, starts[part] + b) for part, a, b in rows]).T

    @cached_property
    def _absent(self) -> np.ndarray:
        return np.flatnonzero([not numbers for _, numbers in self.signing])

    def place(self, name: str) -> int:
        """Where one of the 85 points, of one index, is among the tool's points."""
        return int(self._pairs[0, POINTS.index(name)])

    def reduced(self, points: np.ndarray) -> np.ndarray:
        """Select the 85 points: `(..., n_points, 3)` to `(..., 85, 3)`.

        The last axis is x, y (pixels) and confidence. The confidence of a midpoint is the lower
        one of its two points. Points that the tool does not have are zeros.
        """
        first, second = points[..., self._pairs[0], :], points[..., self._pairs[1], :]
        result = (first + second) / 2
        result[..., 2] = np.minimum(first[..., 2], second[..., 2])
        result[..., self._absent, :] = 0
        return result


def _layout(name: str, names: dict[str, tuple[str, ...]]) -> Layout:
    body, face, *hands = names
    which = ("mediapipe", "openpose", "coco").index(name)
    signing = [(body, (numbers[which],)) for numbers in _BODY.values()]
    signing += [(hand, (point,)) for hand in hands for point in range(len(HAND_POINTS))]
    for number, (_, theirs) in _FACE.items():
        in_coco = theirs if max(theirs) < _COCO_FACE else ()
        signing.append((face, ((number,), theirs, in_coco)[which]))
    return Layout(name, names, tuple(signing))


OPENPOSE = _layout("openpose", point_names.OPENPOSE)
MEDIAPIPE = _layout("mediapipe", point_names.MEDIAPIPE)
COCO = _layout("coco", point_names.COCO)
LAYOUTS = (MEDIAPIPE, OPENPOSE, COCO)


def cleaned(points: np.ndarray) -> np.ndarray:
    """`(..., 3)` points; invalid ones (NaN, infinite, beyond `MAX_PIXELS`) become zeros."""
    wrong = ~(np.abs(points).max(axis=-1) < MAX_PIXELS) | ~(points[..., 2] > 0)
    return np.where(wrong[..., None], 0, points).astype(np.float32)
