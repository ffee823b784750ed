"""Where the signer's face is in a source video: dlib's HOG detector on a few frames."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import dlib
import numpy as np

from sonar_sign.geometry import intersection_over_union

# Boxes of one face in different frames overlap at least this much (intersection over union).
SAME_FACE = 0.3


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
    faces = [(r.left(), r.top(), r.right(), r.bottom()) for r in _detector()(frame, 0)]
    return np.array(faces, dtype=np.float64).reshape(-1, 4)


def find_signer(frames: Iterable[np.ndarray]) -> SignerFace:
    """Find the face that stays: the one seen in most frames, the larger one among equals.

    Args:
        frames: uint8 RGB frames `(height, width, 3)` spread over the video.
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
    best = max(tracks, key=lambda track: (len(track), _median_area(track)))
    return SignerFace(np.median(best, axis=0), len(best), probed)


def _median_area(track: list[np.ndarray]) -> float:
    x0, y0, x1, y1 = np.median(track, axis=0)
    return float((x1 - x0) * (y1 - y0))
