"""Where the keypoints of a clip lie under a corpus's root. Nothing heavy is imported here."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import read_table
from sonar_sign.corpora.shard import COLUMNS

# Searched in this order. A video's keypoints come before a clip's, because the published clips
# follow older times than the realigned annotations. The last one is where How2Sign's archives put
# them.
OPENPOSE_PARENTS = (
    "openpose",
    "openpose_output/json",
    "sentence_level/{split}/rgb_front/features/openpose_output/json",
)
POSE_PARENTS = ("poses", "poses/{split}")


@dataclass(frozen=True)
class KeypointLocation:
    """A folder or file with keypoints."""

    path: Path
    of_video: bool
    """It holds the whole source video, from which the clip's frames are taken."""
    mtime_ns: int


class KeypointLocations:
    """The keypoints under a root.

    Raises:
        UserError: the root has no folder for them at all.
    """

    def __init__(self, root: Path, split: str, source: str):
        self.suffix = "" if source == "openpose" else ".pose"
        patterns = OPENPOSE_PARENTS if source == "openpose" else POSE_PARENTS
        folders = [Path(root) / pattern.format(split=split) for pattern in patterns]
        self._parents = [folder for folder in folders if folder.is_dir()]
        self._known: dict[str, tuple[Path, int] | None] = {}
        if not self._parents:
            raise UserError(
                f"There are no {source} keypoints for split {split!r}: none of "
                f"{', '.join(map(str, folders))} is a folder; put them there or choose another "
                "landmarks.source."
            )

    def find(self, clip_id: str, source: str) -> KeypointLocation | None:
        """The keypoints of a clip, None where there are none."""
        for name, of_video in ((Path(source).stem, True), (clip_id, False)):
            if found := self._first(name):
                return KeypointLocation(found[0], of_video, found[1])
        return None

    def _first(self, name: str) -> tuple[Path, int] | None:
        # A video has several clips: it is asked for once.
        if name not in self._known:
            self._known[name] = next(self._there(name), None)
        return self._known[name]

    def _there(self, name: str) -> Iterator[tuple[Path, int]]:
        for parent in self._parents:
            path = parent / f"{name}{self.suffix}"
            try:
                yield path, os.stat(path).st_mtime_ns
            except OSError:
                continue


def state_of(shard: Path, root: Path, split: str, source: str) -> str:
    """A short hash that changes where a clip's keypoints come, go or are replaced.

    It asks for the time of each clip's folder, which changes when a file in it comes or goes;
    asking for the time of each frame's file would be 6 million questions for How2Sign.
    """
    try:
        places = KeypointLocations(root, split, source)
    except UserError:
        return "none"
    rows = read_table(shard, COLUMNS)
    found = (places.find(*row) for row in zip(rows["clip_id"], rows["source"], strict=True))
    lines = [f"{place.path} {place.mtime_ns}" if place else "-" for place in found]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
