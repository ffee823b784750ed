"""A cache of the signers' faces in source videos: several jobs crop clips from the same video.

Clips are assigned to shards by their ids, so most videos have clips in many shards. Whichever job
is first searches the video and writes a small file. The cache saves time only; it can be deleted.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sonar_sign.clips.faces import SignerFace
from sonar_sign.core.files import write_json
from sonar_sign.core.timing import Timer

# Raised where the same search of the same file finds another box than before.
VERSION = 2


class FaceCache:
    """Faces by video.

    Args:
        folder: where they are stored; None stores nothing.
    """

    def __init__(self, folder: Path | None):
        self.folder = folder

    def get(
        self, video: Path, search: list, find: Callable[[], SignerFace]
    ) -> tuple[SignerFace, float]:
        """The face that the same search found in the same file before, or that `find` finds now.

        Args:
            search: plain values that identify the search.

        Returns:
            The face, and the milliseconds that its search took, now or then.
        """
        if self.folder is None:
            return _timed(find)
        status = video.stat()
        fingerprint = [VERSION, str(video), status.st_size, status.st_mtime_ns, *search]
        path = Path(self.folder) / f"{hashlib.sha256(str(video).encode()).hexdigest()[:24]}.json"
        stored = _read(path)
        if (
            stored is not None
            and stored.get("fingerprint") == fingerprint
            and "milliseconds" in stored
        ):
            box = None if stored["box"] is None else np.array(stored["box"])
            return SignerFace(box, stored["found"], stored["probed"]), stored["milliseconds"]
        face, milliseconds = _timed(find)
        box = None if face.box is None else face.box.tolist()
        found = {"box": box, "found": face.found, "probed": face.probed}
        write_json(path, {"fingerprint": fingerprint, **found, "milliseconds": milliseconds})
        return face, milliseconds


def _timed(find: Callable[[], SignerFace]) -> tuple[SignerFace, float]:
    timer = Timer()
    face = find()
    return face, timer.lap("face")


def _read(path: Path) -> dict | None:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
