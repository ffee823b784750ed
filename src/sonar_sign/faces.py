"""Where the signer's face is in a source video: dlib's HOG detector on a few frames."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

import dlib
import numpy as np

from sonar_sign.geometry import Box, intersection_over_union

# Boxes of one face in different frames overlap at least this much (intersection over union).
SAME_FACE = 0.3
# A face is steady that is found in at least this share of the frames of the steadiest one.
STEADY = 0.75
# A face is looked for again this far around its box, in its widths and heights.
AROUND = 0.6


@dataclass(frozen=True)
class SignerFace:
    """The signer's face over a video."""

    box: np.ndarray | None
    """`(4,)` x0, y0, x1, y1 in pixels, the median over the frames; None if no face was found."""
    found: int
    """Frames in which this face was found."""
    probed: int


# Making the detector takes as long as searching ten frames.
_detector = cache(dlib.get_frontal_face_detector)


def find_faces(frame: np.ndarray) -> np.ndarray:
    """Boxes `(n, 4)` of the faces in a uint8 RGB frame `(height, width, 3)`.

    dlib's frontal HOG detector, without upsampling: faces from about 80 pixels.
    """
    # dlib reads freed memory where an array's rows are padded, as decoded frames' often are.
    found = _detector()(np.ascontiguousarray(frame), 0)
    faces = [(r.left(), r.top(), r.right(), r.bottom()) for r in found]
    return np.array(faces, dtype=np.float64).reshape(-1, 4)


def is_there(frame: np.ndarray, face: np.ndarray) -> bool:
    """Whether a face `(4,)` is where it is expected, looking there only."""
    x1, y1, x2, y2 = face
    margin_x, margin_y = AROUND * (x2 - x1), AROUND * (y2 - y1)
    left, top = max(0, int(x1 - margin_x)), max(0, int(y1 - margin_y))
    part = frame[top : int(y2 + margin_y), left : int(x2 + margin_x)]
    found = find_faces(part) + np.array([left, top, left, top])
    return shows(found, face)


def shows(faces: np.ndarray, face: np.ndarray) -> bool:
    """Whether one of the boxes `(n, 4)` is this face, `(4,)`."""
    return any(intersection_over_union(tuple(box), tuple(face)) > SAME_FACE for box in faces)


def find_signer(
    frames: Iterable[np.ndarray], movement: Callable[[Box], float] | None = None
) -> SignerFace:
    """Find the signer's face among those that stay over the video.

    Args:
        frames: uint8 RGB frames `(height, width, 3)` spread over the video.
        movement: how much moves around a face box. Of several steady faces it chooses the one
            around which most does; without it, the one found most often, the larger among equals.
    """
    tracks: list[list[np.ndarray]] = []
    probed = 0
    for frame in frames:
        probed += 1
        for box in find_faces(frame):
            track = next(
                (t for t in tracks if intersection_over_union(t[-1], box) > SAME_FACE), None
            )
            if track is None:
                tracks.append([box])
            else:
                track.append(box)
    if not tracks:
        return SignerFace(None, 0, probed)
    most = max(map(len, tracks))
    steady = [track for track in tracks if len(track) >= STEADY * most]
    if movement is not None and len(steady) > 1:
        best = max(steady, key=lambda track: movement(tuple(np.median(track, axis=0))))
    else:
        best = max(steady, key=lambda track: (len(track), _median_area(track)))
    return SignerFace(np.median(best, axis=0), len(best), probed)


def _median_area(track: list[np.ndarray]) -> float:
    x0, y0, x1, y1 = np.median(track, axis=0)
    return float((x1 - x0) * (y1 - y0))
