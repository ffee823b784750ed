"""Small keypoint files for tests: a person whose points are known, in OpenPose's JSON."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from frames import write_table

from sonar_sign.corpora.shard import COLUMNS

PARTS = {
    "pose_keypoints_2d": 25,
    "face_keypoints_2d": 70,
    "hand_left_keypoints_2d": 21,
    "hand_right_keypoints_2d": 21,
}
N_POINTS = 137
# Where the parts begin among the 137.
FACE, LEFT_HAND, RIGHT_HAND = 25, 95, 116
RIGHT_SHOULDER, LEFT_SHOULDER = 2, 5  # of BODY_25


def person(x: float = 200, y: float = 100, width: float = 100, confidence: float = 0.9):
    """`(137, 3)`: shoulders `width` apart around (x, y), every other point near them."""
    rng = np.random.default_rng(0)
    points = np.empty((N_POINTS, 3))
    points[:, :2] = np.array([x, y]) + width * rng.uniform(-1, 1, (N_POINTS, 2))
    points[:, 2] = confidence
    # The camera sees the signer's left on its right.
    points[LEFT_SHOULDER, :2] = x + width / 2, y
    points[RIGHT_SHOULDER, :2] = x - width / 2, y
    return points


def as_json(*people: np.ndarray) -> str:
    """OpenPose's JSON of one frame; NaN as Python's json writes it."""
    starts = np.cumsum([0, *PARTS.values()])
    return json.dumps(
        {
            "version": 1.3,
            "people": [
                {
                    "person_id": [-1],
                    **{
                        part: points[start:end].reshape(-1).tolist()
                        for part, start, end in zip(PARTS, starts, starts[1:], strict=False)
                    },
                }
                for points in people
            ],
        }
    )


def write_frames(folder: Path, frames: dict[int, str] | list[str]) -> Path:
    """One file a frame, as OpenPose names it; the folder's name is the video's or the clip's."""
    folder.mkdir(parents=True, exist_ok=True)
    numbered = frames if isinstance(frames, dict) else dict(enumerate(frames))
    for number, content in numbered.items():
        (folder / f"{folder.name}_{number:012d}_keypoints.json").write_text(content)
    return folder


def write_shard(path: Path, rows: list[tuple]) -> Path:
    """A shard: clip_id, source, start_s, end_s, n_frames, fps."""
    write_table(path, pd.DataFrame(rows, columns=list(COLUMNS)))
    return path
