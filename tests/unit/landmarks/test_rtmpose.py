"""RTMPose's pickles as Uni-Sign publishes them: the right points in pixels, and nothing runs."""

import json
import os
import pickle

import numpy as np
import pytest
from keypoint_files import write_shard
from small_files import write_video

from sonar_sign.core.options import LandmarkOptions
from sonar_sign.features.feature_shards import FeatureShard
from sonar_sign.landmarks.export import export
from sonar_sign.landmarks.extract import extract_landmarks
from sonar_sign.landmarks.layouts import COCO, LEFT_HAND, POINTS, RIGHT_HAND
from sonar_sign.landmarks.pose_files import PoseFileError, read_pose
from sonar_sign.landmarks.rtmpose import read_rtmpose

SIZE = (640, 360)
ROW = ("clip", "raw_videos/clip.mp4", 0, 1, 24, 24)


def published(n_frames=24, seed=0, n_people=1, dtype=np.float32):
    """What Uni-Sign's pickles hold; shoulders a fifth of the frame apart."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0.3, 0.7, (n_frames, n_people, 133, 2)).astype(dtype)
    xy[:, :, 5], xy[:, :, 6] = (0.6, 0.5), (0.4, 0.5)
    scores = rng.uniform(0.4, 1, (n_frames, n_people, 133)).astype(dtype)
    return {"keypoints": [*xy], "scores": [*scores]}


def write(path, content, protocol=4):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else pickle.dumps(content, protocol))
    return path


def landmarks(folder, row=ROW):
    write_shard(folder / "shard.tsv", [row])
    output, counts = folder / "out/0000.npy", folder / "out/c.json"
    extract_landmarks(
        folder / "shard.tsv", folder, "train", output, folder / "out/t.json", counts,
        LandmarkOptions(source="rtmpose"),
    )  # fmt: skip
    return FeatureShard(output), json.loads(counts.read_text())


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_points_are_in_pixels_in_cocos_order(tmp_path, protocol, dtype):
    content = published(dtype=dtype)
    recording = read_rtmpose(write(tmp_path / "a.pkl", content, protocol), 24, SIZE)
    assert recording.layout is COCO and len(recording.frames) == 24
    for frame, xy, scores in zip(recording.frames, *content.values(), strict=True):
        np.testing.assert_allclose(frame[..., :2], xy * np.array(SIZE), rtol=1e-5)
        np.testing.assert_allclose(frame[..., 2], scores, rtol=1e-6)


def test_the_85_points_by_cocos_numbers():
    points = np.ones((133, 3))
    points[:, 0] = np.arange(133)
    reduced = COCO.reduced(points)
    named = dict(zip(POINTS, reduced[:, 0], strict=True))
    assert [named[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "hip")
            for side in ("left", "right")] == [5, 6, 7, 8, 11, 12]  # fmt: skip
    assert reduced[LEFT_HAND, 0].tolist() == [*range(91, 112)]
    assert reduced[RIGHT_HAND, 0].tolist() == [*range(112, 133)]
    # iBUG's face: chin 8, tip of the nose 30, corners of the mouth 48 and 54, eyes 36 and 45.
    names = "chin", "nose_tip", "mouth_right", "mouth_left", "right_eye_outer", "left_eye_outer"
    found = [named[f"face_{name}"] for name in names]
    assert found == [23 + n for n in (8, 30, 48, 54, 36, 45)]
    assert named["face_right_upper_lid"] == 23 + 37.5
    absent = [name for name, point in zip(POINTS, reduced, strict=True) if point[2] == 0]
    assert absent == ["face_right_pupil", "face_left_pupil"]
    assert not reduced[[POINTS.index(name) for name in absent]].any()


@pytest.mark.parametrize("folder", ["pose_format", "pose_format/train"])
@pytest.mark.parametrize("name", ["clip", "sentence"])
def test_a_clips_keypoints_become_rows(tmp_path, folder, name):
    write_video(tmp_path / "raw_videos/clip.mp4", 24)
    write(tmp_path / f"{folder}/{name}.pkl", published())
    shard, counts = landmarks(tmp_path, ("sentence", *ROW[1:]))
    assert shard["sentence"].shape[0] == 12 and not counts["unusable"]
    assert counts["frames"] == 24 and counts["missing_points"] == 24 * 2  # the pupils
    row = shard["sentence"][0].astype(float)
    # A fifth of 32 pixels apart, so half a unit from the origin, on the same height.
    np.testing.assert_allclose(row[:4], [0.5, 0, -0.5, 0], atol=1e-3)
    assert row[328 + POINTS.index("face_left_pupil")] == 0


def test_a_videos_keypoints_are_cut_by_the_manifests_times(tmp_path):
    write_video(tmp_path / "raw_videos/clip.mp4", 48)
    whole = published(48)
    write(tmp_path / "pose_format/clip.pkl", whole)
    part = {key: frames[24:48] for key, frames in whole.items()}
    write(tmp_path / "b/pose_format/other.pkl", part)
    write_video(tmp_path / "b/raw_videos/x.mp4", 24)
    first, counts = landmarks(tmp_path, ("s", "raw_videos/clip.mp4", 1, 2, 24, 24))
    second, _ = landmarks(tmp_path / "b", ("other", "raw_videos/x.mp4", 0, 1, 24, 24))
    assert np.array_equal(first["s"], second["other"]) and not counts["other_length"]


def test_keypoints_of_another_length_are_listed(tmp_path):
    write_video(tmp_path / "raw_videos/video.mp4", 24)
    write(tmp_path / "pose_format/clip.pkl", published(20))
    _, counts = landmarks(tmp_path, ("clip", "raw_videos/video.mp4", 0, 1, 24, 24))
    assert counts["other_length"] == ["clip"]


def test_arrays_of_all_frames_and_frames_of_one_person_are_read_too(tmp_path):
    content = published()
    expected = read_rtmpose(write(tmp_path / "a.pkl", content), 24, SIZE).frames
    stacked = {key: np.stack(frames) for key, frames in content.items()}
    single = {key: [frame[0] for frame in frames] for key, frames in content.items()}
    plain = {key: [frame.tolist() for frame in frames] for key, frames in content.items()}
    for other in (stacked, single, plain):
        found = read_rtmpose(write(tmp_path / "b.pkl", other), 24, SIZE).frames
        np.testing.assert_array_equal(found, expected)


def test_nobody_in_a_frame_and_scores_above_1(tmp_path):
    content = published(3)
    content["keypoints"][1] = np.zeros((0, 133, 2), np.float32)
    content["scores"][1] = np.zeros((0, 133), np.float32)
    content["scores"][2] *= 7
    frames = read_rtmpose(write(tmp_path / "a.pkl", content), 24, SIZE).frames
    assert [len(frame) for frame in frames] == [1, 0, 1]
    assert frames[2][..., 2].max() == 1


def test_pixels_stay_pixels(tmp_path):
    content = published(2)
    pixels = {
        **content,
        "keypoints": [xy * np.array(SIZE, np.float32) for xy in content["keypoints"]],
    }
    frames = [
        read_rtmpose(write(tmp_path / "a.pkl", one), 24, SIZE).frames for one in (content, pixels)
    ]
    np.testing.assert_allclose(*frames, rtol=1e-6)


class Runs:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda c, _: pickle.dumps(c)[:-30], "unreadable"),
        (lambda c, _: b"", "unreadable"),
        (lambda c, _: {"keypoints": c["keypoints"]}, "unreadable"),
        (lambda c, _: [c], "unreadable"),
        (lambda c, _: {**c, "scores": c["scores"][1:]}, "unreadable"),
        (lambda c, _: {**c, "scores": None}, "unreadable"),
        (lambda c, _: {**c, "keypoints": ["x"] * 24}, "unreadable"),
        (lambda c, _: {**c, "keypoints": [{}] * 24}, "unreadable"),
        (lambda c, _: {k: [f[:, :17] for f in v] for k, v in c.items()}, "unknown_points"),
        (lambda c, _: {**c, "keypoints": [f[..., :1] for f in c["keypoints"]]}, "unreadable"),
        (lambda c, mark: {**c, "more": Runs(mark)}, "unreadable"),
        (lambda c, mark: {**c, "keypoints": [Runs(mark)] * 24}, "unreadable"),
        (lambda c, mark: Runs(mark), "unreadable"),
    ],
)
def test_a_file_that_is_none_makes_a_clip_without_landmarks(tmp_path, change, reason):
    mark = tmp_path / "mark"
    write_video(tmp_path / "raw_videos/clip.mp4", 24)
    path = write(tmp_path / "pose_format/clip.pkl", change(published(), mark))
    with pytest.raises(PoseFileError, match=reason):
        read_rtmpose(path, 24, SIZE)
    shard, counts = landmarks(tmp_path)
    assert counts["unusable"] == {"clip": reason} and len(shard["clip"]) == 0
    assert not mark.exists()


def test_a_broken_video_or_none_at_all(tmp_path):
    write(tmp_path / "pose_format/clip.pkl", published())
    assert landmarks(tmp_path)[1]["unusable"] == {"clip": "unreadable"}


def test_exported_they_are_what_pose_format_calls_coco_wholebody(tmp_path):
    pose_format = pytest.importorskip("pose_format")
    from pose_format.utils.cocowholebody133_header import cocowholebody_components

    write_video(tmp_path / "raw_videos/clip.mp4", 24)
    content = published()
    write(tmp_path / "pose_format/clip.pkl", content)
    write_shard(tmp_path / "train.tsv", [ROW])
    assert export(tmp_path / "train.tsv", tmp_path, "train", "rtmpose", tmp_path / "poses") == 1
    theirs = pose_format.Pose.read((tmp_path / "poses/clip.pose").read_bytes())
    for mine, other in zip(theirs.header.components, cocowholebody_components(), strict=True):
        assert (mine.name, mine.points) == (other.name, [*other.points])
    np.testing.assert_allclose(
        theirs.body.data[:, 0], np.stack(content["keypoints"])[:, 0] * 32, rtol=1e-5
    )
    again = read_pose(tmp_path / "poses/clip.pose")
    assert again.layout is COCO and again.has_shoulders
