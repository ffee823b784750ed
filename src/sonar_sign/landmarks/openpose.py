"""Reads OpenPose's JSON, one file per frame: `{name}_{frame:012d}_keypoints.json`."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sonar_sign.landmarks.layouts import OPENPOSE
from sonar_sign.landmarks.recording import Recording

_NOBODY = np.zeros((0, OPENPOSE.n_points, 3), np.float32)
_NUMBERS = {int, float}
_BODY = OPENPOSE.components[0][0]
_NAME = re.compile(r"_(\d{12})_keypoints\.json$")
# One hour at 24 frames per second. A larger number in a file name is not a frame of a sentence.
MAX_FRAMES = 86_400
# A person has 4 KB; a stadium is no sentence.
MAX_FILE_BYTES = 4 << 20


def read_frame_range(folder: Path, name: str, start: int, end: int, fps: float) -> Recording:
    """Read the frames `start` to `end` (exclusive) of a video.

    Args:
        folder: has `{name}_{frame:012d}_keypoints.json`; frames count from the video's start.
        name: prefix of the file names.
        fps: frames per second of the video.
    """
    paths = (os.path.join(folder, file_name(name, number)) for number in range(start, end))
    return _recording(paths, fps, other_length=False)


def read_folder(folder: Path, fps: float, n_frames: int) -> Recording:
    """Read all frames of a folder with the keypoints of one clip.

    How2Sign's published keypoints follow the older times of its sentence clips, so the number of
    frames may differ from the manifest's `n_frames`; `other_length` then is True.

    Raises:
        ValueError: two files are the same frame, so the folder has keypoints of several videos.
        OSError: the folder cannot be read.
    """
    numbered: dict[int, str] = {}
    for entry in os.scandir(folder):
        match = _NAME.search(entry.name)
        if match and int(match[1]) < MAX_FRAMES:
            if int(match[1]) in numbered:
                raise ValueError(f"{folder} has two files of frame {int(match[1])}")
            numbered[int(match[1])] = entry.path
    last = max(numbered, default=-1)
    paths = (numbered.get(number) for number in range(last + 1))
    return _recording(paths, fps, other_length=last + 1 != n_frames)


def keypoint_prefix(folder: Path) -> str | None:
    """What the names of a folder's JSON files begin with; None where it has none."""
    try:
        with os.scandir(folder) as entries:
            matches = ((entry.name, _NAME.search(entry.name)) for entry in entries)
            return next((name[: match.start()] for name, match in matches if match), None)
    except OSError:
        return None


def file_name(name: str, frame: int) -> str:
    """Name of the file that OpenPose writes for a frame."""
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
    """Read the persons of one file, `(n_people, 137, 3)` float32: x, y (pixels), confidence.

    The points are body (25), face (70), left hand, right hand (21 each). A part that OpenPose did
    not compute is empty in the file and zeros here. Values are returned unchanged, including NaN.

    Raises:
        OSError: the file does not exist or cannot be read.
        ValueError: the file is not OpenPose JSON, is truncated, or is larger than any.
    """
    with open(path, "rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(f"{path} has more than {MAX_FILE_BYTES} bytes")
    try:
        people = json.loads(content)["people"]
        if not people:
            return _NOBODY
        rows = [_numbers(person) for person in people]
        with np.errstate(over="ignore"):
            points = np.array(rows, dtype=np.float64).astype(np.float32)
        return points.reshape(len(rows), OPENPOSE.n_points, 3)
    except (AttributeError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{path} is not OpenPose JSON ({error})") from error


def _numbers(person: dict) -> list[float]:
    numbers: list[float] = []
    for part, count in OPENPOSE.components:
        # Files of other programs may lack the keys of parts that they do not have.
        values = person[part] if part == _BODY else person.get(part, [])
        if type(values) is not list:
            raise ValueError(f"{part} is a {type(values).__name__}")
        values = values or [0.0] * (3 * count)
        if len(values) != 3 * count:
            raise ValueError(f"{part} has {len(values)} numbers instead of {3 * count}")
        if not _NUMBERS.issuperset(map(type, values)):  # NumPy would read "1.5", true and null too
            raise ValueError(f"{part} holds something else than numbers")
        numbers += values
    return numbers
