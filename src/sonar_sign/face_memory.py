"""The faces of source videos, found once although several jobs crop from the same video.

Sentences are dealt to shards by their ids, so most videos have sentences in many shards. A small
file a video is written by whichever job is first; it saves time only, and deleting it loses
nothing.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sonar_sign.faces import SignerFace
from sonar_sign.files import write_json


class FaceMemory:
    """Faces by video.

    Args:
        folder: where they are kept; None remembers nothing.
    """

    def __init__(self, folder: Path | None):
        self.folder = folder

    def recall(self, video: Path, search: list, find: Callable[[], SignerFace]) -> SignerFace:
        """What was found in this very file by the same search, or what `find` finds now.

        Args:
            search: plain values that stand for the search.
        """
        if self.folder is None:
            return find()
        status = video.stat()
        made_from = [str(video), status.st_size, status.st_mtime_ns, *search]
        path = Path(self.folder) / f"{hashlib.sha256(str(video).encode()).hexdigest()[:24]}.json"
        known = _read(path)
        if known is not None and known.get("made_from") == made_from:
            box = None if known["box"] is None else np.array(known["box"])
            return SignerFace(box, known["found"], known["probed"])
        face = find()
        box = None if face.box is None else face.box.tolist()
        write_json(
            path, {"made_from": made_from, "box": box, "found": face.found, "probed": face.probed}
        )
        return face


def _read(path: Path) -> dict | None:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
