"""A frame of a video for the page, with the places of face and crop."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from sonar_sign.clips.faces import find_faces, find_small_faces
from sonar_sign.core.geometry import Box, crop_box
from sonar_sign.core.video import probe, read_frames
from sonar_sign.translation.results import Translation

MAX_WIDTH = 640
JPEG_QUALITY = 80


@dataclass(frozen=True, eq=False)
class FacePicture:
    """A frame in the middle of the first part that was translated."""

    jpeg: bytes
    width: int
    """Pixels of the video's frames; boxes are in them."""
    height: int
    face: tuple[float, ...] | None
    """`x0, y0, x1, y1`; None: there is none in this frame."""
    crop: tuple[int, ...]

    def as_record(self) -> dict[str, Any]:
        return {
            "width": self.width,
            "height": self.height,
            "face": self.face and [round(edge) for edge in self.face],
            "crop": self.crop,
        }


def face_picture(path: Path, part: Translation) -> FacePicture | None:
    """The picture of a part that has a box; None where no frame can be decoded.

    Raises:
        VideoError: the video cannot be read.
    """
    video = probe(path)
    middle = int((part.start_s + part.end_s) / 2 * video.fps)
    found = next(read_frames(path, middle, middle + 1, video), None)
    if found is None:
        return None
    frame = found[1]
    height, width = frame.shape[:2]
    scale = min(1.0, MAX_WIDTH / width)
    small = cv2.resize(frame, (round(width * scale), round(height * scale)))
    coded, jpeg = cv2.imencode(
        ".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )
    if not coded:
        return None
    face = _nearest_face(frame, part.box) if part.box_from in ("video", "clip") else None
    return FacePicture(jpeg.tobytes(), width, height, face, part.box)


def _nearest_face(frame, box: Box) -> tuple[float, ...] | None:
    """The face around which the crop is: the one whose own crop overlaps it most."""
    faces = find_faces(frame)
    if len(faces) == 0:
        faces = find_small_faces(frame)
    if len(faces) == 0:
        return None
    from sonar_sign.core.geometry import intersection_over_union

    best = max(faces, key=lambda face: intersection_over_union(crop_box(tuple(face)), box))
    return tuple(float(edge) for edge in best)
