"""MediaPipe on real video, where both are here; a sentence where MediaPipe is not."""

import json
from importlib.util import find_spec

import numpy as np
import pytest
from keypoint_files import write_shard
from small_files import NO_REAL_DATA, REAL_DATA, write_video

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import LandmarkOptions
from sonar_sign.features.feature_shards import FeatureShard
from sonar_sign.landmarks.extract import extract_landmarks
from sonar_sign.landmarks.layouts import FACE, LEFT_HAND, RIGHT_HAND

MEDIAPIPE = find_spec("mediapipe") is not None
OPTIONS = LandmarkOptions(source="mediapipe")
VIDEOS = REAL_DATA / "how2sign_sample/raw_videos"
CLIP = "_15CDIexNDM_0-5-rgb_front"  # 15 frames


def run(folder, root, rows):
    shard = write_shard(folder / "shard.tsv", rows)
    output, counts = folder / "0000.npy", folder / "c.json"
    extract_landmarks(shard, root, "train", output, folder / "t.json", counts, OPTIONS)
    return FeatureShard(output), json.loads(counts.read_text())


@pytest.mark.skipif(MEDIAPIPE, reason="MediaPipe is installed here")
def test_without_mediapipe_a_sentence_says_what_to_install(tmp_path):
    with pytest.raises(UserError, match="MediaPipe is not installed; .*mediapipe==0.10.14"):
        run(tmp_path, tmp_path, [("clip", "clip.mp4", 0, 1, 24, 24)])
    assert not (tmp_path / "0000.npy").exists()


@pytest.mark.slow
@pytest.mark.skipif(not MEDIAPIPE, reason="MediaPipe, an optional extra, is not installed here")
@pytest.mark.skipif(not REAL_DATA.is_dir(), reason=NO_REAL_DATA)
def test_a_real_signer(tmp_path):
    rows = [(CLIP, f"raw_videos/{CLIP}.mp4", 0, 15 / 24, 15, 24)]
    shard, counts = run(tmp_path, VIDEOS.parent, rows)
    assert counts["without_people"] == counts["missing_files"] == 0
    assert shard.lengths.tolist() == [8]
    rows = np.array(shard[CLIP], np.float32)
    confidence = rows[:, 328:]
    xy = rows[:, :170].reshape(8, 85, 2)
    assert (confidence[:, FACE] > 0).all()
    assert (confidence[:, [*range(*LEFT_HAND.indices(85)), *range(*RIGHT_HAND.indices(85))]]).any()
    # The nose is above the shoulders, in the middle; left is on the picture's right.
    nose = xy[:, 49]
    assert (np.abs(nose[:, 0]) < 0.3).all() and (nose[:, 1] < -0.3).all()
    assert (xy[:, 0, 0] > 0.3).all() and (xy[:, 1, 0] < -0.3).all()


@pytest.mark.slow
@pytest.mark.skipif(not MEDIAPIPE, reason="MediaPipe, an optional extra, is not installed here")
def test_a_video_without_anybody_and_none_at_all(tmp_path):
    write_video(tmp_path / "grey.mp4", 6)
    rows = [("grey", "grey.mp4", 0, 0.25, 6, 24), ("gone", "gone.mp4", 0, 0.25, 6, 24)]
    shard, counts = run(tmp_path, tmp_path, rows)
    assert shard.lengths.tolist() == [0, 0]
    assert counts["unusable"] == {"grey": "no_person", "gone": "unreadable"}
