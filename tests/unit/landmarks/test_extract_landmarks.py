"""Shards of landmarks: every kind of clip that a corpus can have, and what becomes of it."""

import json
import os

import numpy as np
import pytest
from keypoint_files import as_json, person, write_frames, write_shard

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import LandmarkOptions
from sonar_sign.features.feature_shards import FeatureShard
from sonar_sign.landmarks.extract import extract_landmarks
from sonar_sign.landmarks.keypoint_locations import state_of
from sonar_sign.landmarks.representation import hash_of

GOOD = as_json(person())
OPTIONS = LandmarkOptions()
N = 24  # frames a clip, a second


def run(folder, rows, options=OPTIONS):
    """The shard, its counts and its timings."""
    write_shard(folder / "shard.tsv", rows)
    output = folder / "out/0000.npy"
    timings, counts = output.with_suffix(".timings.json"), output.with_suffix(".counts.json")
    extract_landmarks(folder / "shard.tsv", folder, "train", output, timings, counts, options)
    return FeatureShard(output), json.loads(counts.read_text()), json.loads(timings.read_text())


def one(folder, frames, name="clip"):
    """A clip with a folder of its own."""
    write_frames(folder / "openpose" / name, frames)
    shard, counts, _ = run(folder, [(name, f"raw_videos/{name}.mp4", 0, 1, N, 24)])
    return shard[name].astype(float), counts


def test_a_whole_clip(tmp_path):
    rows, counts = one(tmp_path, [GOOD] * N)
    assert rows.shape == (12, 413)
    assert np.allclose(rows[:, 328:], 0.9, atol=1e-3)
    assert (counts["clips"], counts["frames"], counts["rows"]) == (1, 24, 12)
    assert (counts["points"], counts["missing_points"]) == (24 * 85, 0)
    assert counts["source"] == "openpose"
    assert counts["unusable"] == {}


def test_no_person_in_a_file(tmp_path):
    """The frame is missing, and interpolated like any other gap."""
    empty = as_json()
    rows, counts = one(tmp_path, [GOOD] * 4 + [empty] + [GOOD] * (N - 5))
    assert counts["without_people"] == 1
    assert counts["missing_points"] == counts["interpolated"] == 85
    assert np.allclose(rows[2, :328], rows[1, :328], atol=1e-3)
    assert not rows[2, 328:].any()


def test_no_person_in_any_file(tmp_path):
    rows, counts = one(tmp_path, [as_json()] * N)
    assert len(rows) == 0
    assert counts["unusable"] == {"clip": "no_person"}


def test_two_people(tmp_path):
    """The larger one is taken, in whichever order they stand."""
    other = person(x=700, width=50, confidence=0.5)
    frames = [as_json(person(), other), as_json(other, person())] * (N // 2)
    rows, counts = one(tmp_path, frames)
    assert np.allclose(rows[:, 328:], 0.9, atol=1e-3)
    assert counts["several_people"] == N


def test_values_that_are_no_numbers(tmp_path):
    """The point is missing in that frame."""
    broken = person()
    broken[2 + 1] = np.nan  # the right elbow
    rows, counts = one(tmp_path, [GOOD] * 4 + [as_json(broken)] + [GOOD] * (N - 5))
    assert (counts["missing_points"], counts["interpolated"]) == (1, 1)
    assert counts["unreadable"] == 0
    assert np.isfinite(rows).all()


def test_a_truncated_file(tmp_path):
    """The frame is missing and the file is counted."""
    rows, counts = one(tmp_path, [GOOD] * 4 + [GOOD[:700]] + [GOOD] * (N - 5))
    assert (counts["unreadable"], counts["missing_files"]) == (1, 0)
    assert counts["interpolated"] == 85
    assert len(rows) == 12


def test_keypoints_for_half_the_frames(tmp_path):
    """The clip keeps its length; the rest is rows of zeros."""
    rows, counts = one(tmp_path, [GOOD] * (N // 2))
    assert rows.shape == (12, 413)
    assert rows[:6, 328:].all()
    assert not rows[6:].any()
    assert counts["missing_files"] == N // 2


def test_keypoints_for_every_second_frame(tmp_path):
    rows, counts = one(tmp_path, {n: GOOD for n in range(0, N, 2)})
    assert counts["missing_files"] == N // 2
    assert counts["interpolated"] == (N // 2 - 1) * 85
    assert rows[:, 328:].all()


def test_clips_with_and_without_keypoints_in_one_shard(tmp_path):
    write_frames(tmp_path / "openpose/there", [GOOD] * N)
    rows = [(name, f"raw_videos/{name}.mp4", 0, 1, N, 24) for name in ("there", "gone")]
    shard, counts, timings = run(tmp_path, rows)
    assert dict(zip(shard.clip_ids, shard.lengths.tolist(), strict=True)) == {
        "there": 12,
        "gone": 0,
    }
    assert counts["unusable"] == {"gone": "no_keypoints"}
    assert set(timings) == {"there", "gone"}
    assert all(set(t) == {"landmarks"} and t["landmarks"] > 0 for t in timings.values())
    assert shard.encoder_sha256 == hash_of(OPTIONS)


def test_a_videos_folder_is_cut_by_the_manifests_times(tmp_path):
    frames = {n: as_json(person(confidence=0.5 + n / 1000)) for n in range(100)}
    write_frames(tmp_path / "openpose/v-5-rgb_front", frames)
    source = "raw_videos/v-5-rgb_front.mp4"
    rows = [("a", source, 0.5, 1.5, 24, 24), ("b", source, "2.0", 3.0, 24, 24)]
    shard, counts, _ = run(tmp_path, rows)
    confidence = {clip: shard[clip][:, 328].astype(float) for clip in ("a", "b")}
    assert np.allclose(confidence["a"], 0.5 + np.arange(12, 36, 2) / 1000, atol=5e-4)
    assert np.allclose(confidence["b"], 0.5 + np.arange(48, 72, 2) / 1000, atol=5e-4)
    assert counts["missing_files"] == 0


@pytest.mark.parametrize(
    "parent",
    [
        "openpose",
        "openpose_output/json",
        "sentence_level/train/rgb_front/features/openpose_output/json",
    ],
)
def test_published_folders_of_a_clip_may_have_another_length(tmp_path, parent):
    write_frames(tmp_path / parent / "v_3-5-rgb_front", [GOOD] * 36)
    row = ("v_3-5-rgb_front", "raw_videos/v-5-rgb_front.mp4", 9, 10, N, 24)
    shard, counts, _ = run(tmp_path, [row])
    assert shard.lengths.tolist() == [18]
    assert counts["other_length"] == ["v_3-5-rgb_front"]


def test_no_keypoints_of_any_clip_is_an_error_that_says_where_they_were_sought(tmp_path):
    rows = [("clip", "raw_videos/clip.mp4", 0, 1, N, 24)]
    with pytest.raises(UserError, match="no openpose keypoints for split 'train'.*openpose") as e:
        run(tmp_path, rows)
    assert "landmarks.source" in str(e.value)
    assert not (tmp_path / "out").exists()
    with pytest.raises(UserError, match="no pose keypoints"):
        run(tmp_path, rows, LandmarkOptions(source="pose"))


def test_an_empty_shard(tmp_path):
    shard, counts, timings = run(tmp_path, [])
    assert (shard.clip_ids, shard.dim, timings) == ([], 413, {})
    assert counts["clips"] == 0


def test_the_state_of_keypoints_changes_when_one_comes_or_goes(tmp_path):
    row = ("clip", "raw_videos/clip.mp4", 0, 1, N, 24)
    shard = write_shard(tmp_path / "shard.tsv", [row])

    def state():
        return state_of(shard, tmp_path, "train", "openpose")

    states = [state()]
    folder = write_frames(tmp_path / "openpose/clip", [GOOD] * 3)
    os.utime(folder, (1, 1))  # clocks of file systems tick slowly
    states.append(state())
    assert state() == states[-1]
    (folder / "clip_000000000003_keypoints.json").write_text(GOOD)
    states.append(state())
    write_frames(tmp_path / "openpose/another", [GOOD])
    assert state() == states[-1], "keypoints of other clips do not matter"
    folder.rename(tmp_path / "openpose/elsewhere")
    states.append(state())
    assert len(set(states)) == 4
