"""The signer's face in a source video, found by dlib's detectors on a few frames."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import dlib
import numpy as np

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file
from sonar_sign.core.geometry import Box, intersection_over_union


@dataclass(frozen=True)
class SearchArea:
    """The part of a frame that can hold certain faces, from the frame's left top corner."""

    right: int
    """Its width in pixels."""
    bottom: int
    """Its height in pixels."""
    smallest: float
    """Width in pixels of the smallest of the faces."""


Detector = Callable[[np.ndarray, SearchArea | None], np.ndarray]
"""Takes a uint8 RGB frame `(height, width, 3)` and the area to search (None: the whole frame, for
faces of any size), returns the faces' boxes `(n, 4)` in pixels."""

# Boxes of one face in different frames overlap at least this much (intersection over union).
SAME_FACE = 0.3
# A face counts as steady if it is found in at least this share of the frames in which the most
# frequent face is found.
STEADY = 0.75
# A face is searched again within this margin around its box, as a share of its width and height.
AROUND = 0.5
# Every so many frames the whole frame is searched, in between only the part that can hold the faces
# found before.
WHOLE_EVERY = 6

# dlib's HOG detector finds faces of this width in pixels, in smaller and smaller copies of a frame,
# each `STEP` times as large as the one before.
HOG_WIDTH = 72.0
STEP = 5 / 6
# The copy, counted from one of twice the frame's size, in which the search begins.
FIRST_COPY = 4


@dataclass(frozen=True)
class SignerFace:
    """The signer's face over a video."""

    box: np.ndarray | None
    """`(4,)` x0, y0, x1, y1 in pixels, the mean over the frames; None if no face was found."""
    found: int
    """In how many frames this face was found."""
    probed: int
    """How many frames were searched."""


# Making the detector takes as long as searching ten frames.
_detector = cache(dlib.get_frontal_face_detector)


def find_faces(frame: np.ndarray, area: SearchArea | None = None) -> np.ndarray:
    """The faces in a frame, `(n, 4)`, from about 75 pixels: dlib's frontal HOG detector.

    SSVP-SLT starts with a copy twice as large as the frame. Starting with the fourth copy of that
    series finds the same boxes of larger faces in a fifth of the time. Where the faces are about
    known, a later copy and a part of it find the same ones in a twentieth.
    """
    height, width = frame.shape[:2]
    copy = FIRST_COPY
    if area is not None:
        # A smaller copy than a face was found in: faces come nearer, or the next box is smaller.
        copy = max(copy, round(math.log(HOG_WIDTH / (2 * area.smallest), STEP)) - 1)
        frame = frame[: area.bottom, : area.right]
    # The scale is the whole frame's, rounded as the copies are: boxes come in steps of a fifth, and
    # a slightly different scale gives another step.
    scaled_height, scaled_width = 2 * height, 2 * width
    for _ in range(copy):
        scaled_height, scaled_width = (int(STEP * n + 0.5) for n in (scaled_height, scaled_width))
    size = (
        round(frame.shape[1] * scaled_width / width),
        round(frame.shape[0] * scaled_height / height),
    )
    return _hog(cv2.resize(frame, size), 0) * np.tile(np.divide(frame.shape[1::-1], size), 2)


def find_small_faces(frame: np.ndarray, area: SearchArea | None = None) -> np.ndarray:
    """The faces in a frame, `(n, 4)`, from about 40 pixels: SSVP-SLT's way."""
    return _hog(_part(frame, area), 1)


def _part(frame: np.ndarray, area: SearchArea | None) -> np.ndarray:
    return frame if area is None else frame[: area.bottom, : area.right]


def _hog(frame: np.ndarray, doublings: int) -> np.ndarray:
    # dlib reads freed memory where an array's rows are padded, as decoded frames' often are.
    return _boxes(_detector()(np.ascontiguousarray(frame), doublings))


def open_cnn_detector(model: Path) -> Detector:
    """dlib's CNN detector, which also finds faces from the side; slow without a GPU.

    Args:
        model: `mmod_human_face_detector.dat`, unpacked.

    Raises:
        UserError: the file is missing or is not that model.
    """
    try:
        detector = dlib.cnn_face_detection_model_v1(
            str(require_file(model, "The CNN face detector's model"))
        )
    except RuntimeError as error:
        raise UserError(
            f"{model} is not dlib's mmod_human_face_detector.dat ({error}); fetch it again."
        ) from error

    def find(frame: np.ndarray, area: SearchArea | None = None) -> np.ndarray:
        part = np.ascontiguousarray(_part(frame, area))
        return _boxes(found.rect for found in detector(part, 0))

    return find


def _boxes(rectangles: Iterable[dlib.rectangle]) -> np.ndarray:
    boxes = [(r.left(), r.top(), r.right(), r.bottom()) for r in rectangles]
    return np.array(boxes, dtype=np.float64).reshape(-1, 4)


def is_there(frame: np.ndarray, face: np.ndarray, find: Detector = find_faces) -> bool:
    """Whether a face `(4,)` is where it is expected; only that part of the frame is searched."""
    x1, y1, x2, y2 = face
    margin_x, margin_y = AROUND * (x2 - x1), AROUND * (y2 - y1)
    left, top = max(0, int(x1 - margin_x)), max(0, int(y1 - margin_y))
    part = frame[top : int(y2 + margin_y), left : int(x2 + margin_x)]
    area = SearchArea(part.shape[1], part.shape[0], x2 - x1)
    found = find(part, area) + np.array([left, top, left, top])
    return shows(found, face)


def shows(faces: np.ndarray, face: np.ndarray) -> bool:
    """Whether one of the boxes `(n, 4)` overlaps this face `(4,)` enough to be the same."""
    return any(intersection_over_union(tuple(box), tuple(face)) > SAME_FACE for box in faces)


def find_signer(
    frames: Iterable[np.ndarray],
    movement: Callable[[Box], float] | None = None,
    find: Detector = find_faces,
) -> SignerFace:
    """Find the signer's face among those that are seen throughout the video.

    Args:
        frames: uint8 RGB frames `(height, width, 3)` spread over the video.
        movement: how much moves around a face box. Of several steady faces, the one with the most
            movement around it is the signer's. Without `movement`, it is the face found most
            often, and of several equally frequent ones the largest.
    """
    tracks: list[list[np.ndarray]] = []
    probed, lost = 0, False
    for frame in frames:
        whole = lost or not tracks or probed % WHOLE_EVERY == 0
        boxes = find(frame, None if whole else _around([track[-1] for track in tracks]))
        probed += 1
        lost = len(boxes) == 0
        for box in boxes:
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
        best = max(steady, key=lambda track: movement(tuple(np.mean(track, axis=0))))
    else:
        best = max(steady, key=lambda track: (len(track), _mean_area(track)))
    return SignerFace(np.mean(best, axis=0), len(best), probed)


def _around(faces: list[np.ndarray]) -> SearchArea:
    """Where faces are searched again. HOG boxes lie on a grid that starts in the left top corner,
    so that corner is part of it."""
    reach = [face[2:] + AROUND * (face[2:] - face[:2]) for face in faces]
    right, bottom = (int(edge) for edge in np.max(reach, axis=0))
    return SearchArea(right, bottom, min(face[2] - face[0] for face in faces))


def _mean_area(track: list[np.ndarray]) -> float:
    x0, y0, x1, y1 = np.mean(track, axis=0)
    return float((x1 - x0) * (y1 - y0))
