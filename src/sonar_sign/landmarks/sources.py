"""Where landmarks come from: each source reads the recording of one row of a shard."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sonar_sign.landmarks.openpose import read_folder, read_stretch
from sonar_sign.landmarks.places import Places
from sonar_sign.landmarks.recording import Recording


class UnusableError(Exception):
    """A clip has no recording; `reason` is `no_keypoints` or `unreadable`."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


Read = Callable[[Any], Recording]


def open_source(root: Path, split: str, source: str) -> Read:
    """What reads a row (with the fields `sonar_sign.shard.COLUMNS`), or raises UnusableError.

    Raises:
        UserError: there are no keypoints of this kind, or what finds them is not installed.
    """
    return {"openpose": _openpose}[source](Path(root), split)


def stretch_of(row: Any) -> tuple[int, int]:
    """The first frame of a row's sentence in its video, and the one after the last."""
    start = round(float(row.start_s) * float(row.fps))
    return start, start + int(row.n_frames)


def _openpose(root: Path, split: str) -> Read:
    places = Places(root, split, "openpose")

    def read(row: Any) -> Recording:
        place = places.find(row.clip_id, row.source)
        if place is None:
            raise UnusableError("no_keypoints")
        if place.of_video:
            return read_stretch(place.path, place.path.name, *stretch_of(row), float(row.fps))
        return read_folder(place.path, float(row.fps), int(row.n_frames))

    return read
