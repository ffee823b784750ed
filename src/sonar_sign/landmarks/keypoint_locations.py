"""Finds the keypoint files of a clip in a corpus. Imports nothing that is slow to import."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import read_table
from sonar_sign.corpora.shard import COLUMNS

# Searched in this order; the last one is where How2Sign's archives put the files. Keypoints of a
# full video are preferred to those of a clip, because How2Sign's published clips follow older times
# than the realigned annotations.
OPENPOSE_PARENTS = (
    "openpose",
    "openpose_output/json",
    "sentence_level/{split}/rgb_front/features/openpose_output/json",
)
POSE_PARENTS = ("poses", "poses/{split}")
# Where Uni-Sign's archives put RTMPose's keypoints.
RTMPOSE_PARENTS = ("pose_format", "pose_format/{split}")
# By `landmarks.source`: suffix, and folders.
_PLACES = {
    "openpose": ("", OPENPOSE_PARENTS),
    "pose": (".pose", POSE_PARENTS),
    "rtmpose": (".pkl", RTMPOSE_PARENTS),
}


@dataclass(frozen=True)
class KeypointLocation:
    """A folder or file with the keypoints of a clip."""

    path: Path
    """Folder of OpenPose's JSON files, or a file."""
    of_video: bool
    """It has the keypoints of the whole source video, not of the clip only."""
    mtime_ns: int
    """Modification time of `path` in nanoseconds."""


class KeypointLocations:
    """All keypoints of one split.

    Raises:
        UserError: none of the folders that keypoints may be in exists.
    """

    def __init__(self, root: Path, split: str, source: str):
        self.suffix, patterns = _PLACES[source]
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
        """The keypoints of a clip; None if it has none."""
        # A folder of pictures has no suffix, and its name may have dots.
        of_videos = dict.fromkeys((Path(source).stem, Path(source).name))
        for name, of_video in (*((name, True) for name in of_videos), (clip_id, False)):
            if found := self._first(name):
                return KeypointLocation(found[0], of_video, found[1])
        return None

    def _first(self, name: str) -> tuple[Path, int] | None:
        # Several clips share a video: ask the file system once.
        if name not in self._known:
            self._known[name] = next(self._existing(name), None)
        return self._known[name]

    def _existing(self, name: str) -> Iterator[tuple[Path, int]]:
        for parent in self._parents:
            path = parent / f"{name}{self.suffix}"
            try:
                yield path, os.stat(path).st_mtime_ns
            except OSError:
                continue


def state_of(shard: Path, root: Path, split: str, source: str) -> str:
    """A short hash that changes when keypoints of a clip are added, removed or replaced.

    It covers the modification time of each clip's folder, which changes when a file in it is
    added or removed. The times of single files are not read: How2Sign has 6 million of them.
    """
    try:
        locations = KeypointLocations(root, split, source)
    except UserError:
        return "none"
    rows = read_table(shard, COLUMNS)
    found = (locations.find(*row) for row in zip(rows["clip_id"], rows["source"], strict=True))
    lines = [f"{item.path} {item.mtime_ns}" if item else "-" for item in found]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
