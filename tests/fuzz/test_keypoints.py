"""Keypoint files of other programs: `.pose` and OpenPose's JSON."""

import json

import numpy as np
from fuzzing import fresh_folder
from hypothesis import given
from hypothesis import strategies as st
from keypoint_files import as_json, person
from mutations import EDITS, changed, damaged

from sonar_sign.landmarks.layouts import OPENPOSE
from sonar_sign.landmarks.openpose import file_name, read_folder, read_people
from sonar_sign.landmarks.pose_files import MAX_CLIP_FRAMES, PoseFileError, read_pose, write_pose
from sonar_sign.landmarks.recording import choose_signer

N_FRAMES = 3
POINTS = np.stack([person(x=200 + 5 * n) for n in range(N_FRAMES)]).astype(np.float32)


def pose_content() -> bytes:
    with fresh_folder() as folder:
        write_pose(folder / "clip.pose", POINTS, OPENPOSE, 24.0)
        return (folder / "clip.pose").read_bytes()


POSE = pose_content()
JSON = as_json(person(), person(x=500))


@given(edits=EDITS, span=st.none() | st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted))
def test_a_damaged_pose_file_is_refused_or_has_as_many_frames_as_bytes(edits, span):
    content = damaged(POSE, edits)
    with fresh_folder() as folder:
        path = folder / "clip.pose"
        path.write_bytes(content)
        try:
            found = read_pose(path, tuple(span) if span else None)
        except PoseFileError as error:
            assert error.reason in ("unreadable", "unknown_points")
            return
        finally:
            assert path.read_bytes() == content
    assert 0 < found.fps < 1000
    assert len(found.frames) <= MAX_CLIP_FRAMES
    assert all(f.shape[1:] == (found.layout.n_points, 3) for f in found.frames)
    if span is None:
        # Each frame that is given stands in the file: x, y and confidence of each point.
        n_numbers = sum(len(frame) for frame in found.frames) * 3
        assert 4 * n_numbers <= len(content)
    with np.errstate(all="ignore"):
        signer = choose_signer(found)
    assert signer.signing.shape == (len(found.frames), 85, 3)
    assert np.isfinite(signer.signing).all()


@given(
    points=st.lists(st.floats(-1e4, 1e4, width=32), min_size=3, max_size=3),
    fps=st.sampled_from([12.5, 23.976, 24.0, 30.0, 60.0]),
)
def test_points_survive_a_pose_file(points, fps):
    expected = np.tile(np.array(points, np.float32), (2, OPENPOSE.n_points, 1))
    with fresh_folder() as folder:
        write_pose(folder / "a.pose", expected, OPENPOSE, fps)
        found = read_pose(folder / "a.pose")
    assert abs(found.fps - fps) < 1e-3
    assert np.array_equal(np.stack([frame[0] for frame in found.frames]), expected)


def check_people(content: bytes):
    with fresh_folder() as folder:
        path = folder / file_name("clip", 0)
        path.write_bytes(content)
        try:
            people = read_people(str(path))
        except (OSError, ValueError):
            people = None
        recording = read_folder(folder, 24.0, 1)
    n_unreadable = recording.unreadable_frames
    assert n_unreadable == (people is None)
    assert len(recording.frames) == 1
    signer = choose_signer(recording)
    assert np.isfinite(signer.signing).all()
    if people is not None:
        assert people.shape[1:] == (OPENPOSE.n_points, 3) and people.dtype == np.float32
    return people


@given(edits=EDITS)
def test_damaged_openpose_json_is_unreadable_or_whole_people(edits):
    check_people(damaged(JSON.encode(), edits))


@given(value=changed(json.loads(JSON)))
def test_openpose_json_of_other_values_is_unreadable_or_whole_people(value):
    people = check_people(json.dumps(value).encode())
    if people is not None and isinstance(value, dict):
        assert len(people) == len(value["people"] or [])
