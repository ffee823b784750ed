"""The faces of source videos, found once although several jobs crop from the same video.

Sentences are dealt to shards by their ids, so most videos have sentences in many shards. A small
file a video is written by whichever job is first; it saves time only, and deleting it loses
nothing.
"""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sonar_sign.clips.faces import SignerFace
from sonar_sign.core.files import write_json


class FaceMemory:
    """Faces by video.

    Args:
        folder: where they are kept; None remembers nothing.
    """

    def __init__(self, folder: Path | None):
        self.folder = folder

    def recall(
        self, video: Path, search: list, find: Callable[[], SignerFace]
    ) -> tuple[SignerFace, float]:
        """What was found in this very file by the same search, or what `find` finds now.

        The second is how many milliseconds the search took, whenever that was.

        Args:
            search: plain values that stand for the search.
        """
        if self.folder is None:
            return _timed(find)
        status = video.stat()
        fingerprint = [str(video), status.st_size, status.st_mtime_ns, *search]
        path = Path(self.folder) / f"{hashlib.sha256(str(video).encode()).hexdigest()[:24]}.json"
        known = _read(path)
        if (
            known is not None
            and known.get("fingerprint") == fingerprint
            and "milliseconds" in known
        ):
            box = None if known["box"] is None else np.array(known["box"])
            return SignerFace(box, known["found"], known["probed"]), known["milliseconds"]
        face, milliseconds = _timed(find)
        box = None if face.box is None else face.box.tolist()
        found = {"box": box, "found": face.found, "probed": face.probed}
        write_json(path, {"fingerprint": fingerprint, **found, "milliseconds": milliseconds})
        return face, milliseconds


def _timed(find: Callable[[], SignerFace]) -> tuple[SignerFace, float]:
    started = time.perf_counter()
    return find(), 1000 * (time.perf_counter() - started)


def _read(path: Path) -> dict | None:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
