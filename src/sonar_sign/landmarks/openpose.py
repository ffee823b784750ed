"""OpenPose's JSON, one file a frame: `{name}_{frame:012d}_keypoints.json`.

Reading opens one file at a time and keeps numbers only.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sonar_sign.landmarks.layouts import OPENPOSE
from sonar_sign.landmarks.recording import Recording

_NOBODY = np.zeros((0, OPENPOSE.n_points, 3), np.float32)
_NAME = re.compile(r"_(\d{12})_keypoints\.json$")
# An hour at 24 frames a second. A file name with a larger number is no frame of a sentence.
MAX_FRAMES = 86_400


def read_stretch(folder: Path, name: str, start: int, end: int, fps: float) -> Recording:
    """The frames `start` to `end` (exclusive) of a video's folder.

    Args:
        folder: holds `{name}_{frame:012d}_keypoints.json`, frames counted from the video's start.
    """
    paths = (os.path.join(folder, file_name(name, number)) for number in range(start, end))
    return _recording(paths, fps, other_length=False)


def read_folder(folder: Path, fps: float, n_frames: int) -> Recording:
    """All frames of a folder that holds one clip.

    How2Sign's published folders follow the sentence clips' old times, so they may have more or
    fewer frames than the manifest's `n_frames`, which is noted.
    """
    numbered = {}
    for entry in os.scandir(folder):
        match = _NAME.search(entry.name)
        if match and int(match[1]) < MAX_FRAMES:
            numbered[int(match[1])] = entry.path
    last = max(numbered, default=-1)
    paths = (numbered.get(number) for number in range(last + 1))
    return _recording(paths, fps, other_length=last + 1 != n_frames)


def file_name(name: str, frame: int) -> str:
    """What OpenPose calls a frame's file."""
    return f"{name}_{frame:012d}_keypoints.json"


def _recording(paths: Iterator[str | None], fps: float, other_length: bool) -> Recording:
    frames, missing, unreadable = [], 0, 0
    for path in paths:
        try:
            people = read_people(path) if path else None
        except (FileNotFoundError, NotADirectoryError):
            people = None
        except (OSError, ValueError):
            unreadable += 1
            frames.append(_NOBODY)
            continue
        missing += people is None
        frames.append(_NOBODY if people is None else people)
    return Recording(OPENPOSE, fps, frames, missing, unreadable, other_length)


def read_people(path: str) -> np.ndarray:
    """The people of one file, `(n_people, 137, 3)` float32: x, y (pixels), confidence.

    The points are body (25), face (70), left hand, right hand (21 each). A part that OpenPose was
    not asked for is empty in the file and zeros here. Values are as they stand in the file, NaN
    too.

    Raises:
        OSError: there is no such file, or it cannot be read.
        ValueError: it is no OpenPose JSON, or is cut off.
    """
    with open(path, "rb") as file:
        content = file.read()
    try:
        people = json.loads(content)["people"]
        if not people:
            return _NOBODY
        rows = [_numbers(person) for person in people]
        with np.errstate(over="ignore"):
            points = np.array(rows, dtype=np.float64).astype(np.float32)
        return points.reshape(len(rows), OPENPOSE.n_points, 3)
    except (AttributeError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{path} is no OpenPose JSON ({error})") from error


def _numbers(person: dict) -> list[float]:
    numbers: list[float] = []
    for part, count in OPENPOSE.components:
        values = person.get(part) or [0.0] * (3 * count)
        if len(values) != 3 * count:
            raise ValueError(f"{part} has {len(values)} numbers instead of {3 * count}")
        numbers += values
    return numbers
