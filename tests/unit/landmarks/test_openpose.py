"""OpenPose's files: numbers as they stand there, and every way in which one can be broken."""

import numpy as np
import pytest
from keypoint_files import FACE, N_POINTS, as_json, person, write_frames

from sonar_sign.demo.openpose import write_keypoints
from sonar_sign.landmarks.openpose import read_folder, read_frame_range, read_people

GOOD = as_json(person())


def people_of(recording):
    return [len(frame) for frame in recording.frames]


def read(tmp_path, content):
    path = tmp_path / "frame.json"
    path.write_text(content)
    return read_people(str(path))


def test_numbers_come_out_as_they_stand_in_the_file(tmp_path):
    first, second = person(), person(x=900, confidence=0.5)
    people = read(tmp_path, as_json(first, second))
    assert people.shape == (2, N_POINTS, 3)
    assert np.allclose(people, [first, second], rtol=1e-6)


def test_the_demos_files_have_their_parts_in_the_same_places(tmp_path):
    rng = np.random.default_rng(1)
    body, face, hands = (rng.uniform(1, 99, (1, n, 3)) for n in (25, 70, 42))
    hands = hands.reshape(1, 2, 21, 3)  # the right hand first
    write_keypoints(tmp_path, "v", body, face, hands)
    points = read_people(str(tmp_path / "v_000000000000_keypoints.json"))[0]
    parts = [body[0], face[0], hands[0, 1], hands[0, 0]]
    assert np.allclose(points, np.concatenate(parts), rtol=1e-3)


def test_nobody(tmp_path):
    assert read(tmp_path, '{"version": 1.3, "people": []}').shape == (0, N_POINTS, 3)


def test_a_part_that_was_not_asked_for_is_zeros(tmp_path):
    start = GOOD.index('"face_keypoints_2d": [') + len('"face_keypoints_2d": [')
    points = read(tmp_path, GOOD[:start] + GOOD[GOOD.index("]", start) :])[0]
    assert not points[FACE : FACE + 70].any()
    assert points[:FACE].all() and points[FACE + 70 :].all()


def test_values_that_are_no_numbers_are_left_to_the_caller(tmp_path):
    points = person()
    points[7] = np.nan
    points[8, 0] = np.inf
    read_back = read(tmp_path, as_json(points))[0]
    assert np.isnan(read_back[7]).all()
    assert np.isinf(read_back[8, 0])


BROKEN = {
    "truncated": GOOD[: len(GOOD) // 2],
    "empty": "",
    "another JSON": '{"hello": 1}',
    "a list": "[]",
    "people is a number": '{"people": 7}',
    "person is a number": '{"people": [7]}',
    "too few numbers": GOOD.replace("[-1], ", "[-1], ").replace(
        '"pose_keypoints_2d": [', '"pose_keypoints_2d": [1.0, '
    ),
    "text among numbers": GOOD.replace('"pose_keypoints_2d": [', '"pose_keypoints_2d": ["x", ', 1),
    "nested without end": '{"people": ' + "[" * 100_000,
    "a number too large": GOOD.replace(
        '"pose_keypoints_2d": [', '"pose_keypoints_2d": [1' + "0" * 400 + ", "
    ),
    "numbers as text": GOOD.replace("0.9", '"0.9"'),
    "nothing for a number": GOOD.replace("0.9", "null"),
    "true for a number": GOOD.replace("0.9", "true"),
    "a part as text": GOOD.replace('"face_keypoints_2d": [', '"face_keypoints_2d": "", "x": ['),
    "a part as an object": '{"people": [{"pose_keypoints_2d": {"a": 1}}]}',
    "no part at all": '{"people": [{}]}',
    "people as an object": '{"people": {"0": {}}}',
    "people as text": '{"people": "many"}',
    "5 MB": GOOD + " " * (5 << 20),
    "not UTF-8": None,
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_file_is_a_frame_without_people_and_counted(tmp_path, how):
    folder = write_frames(tmp_path / "v", [GOOD, BROKEN[how] or "", GOOD])
    if BROKEN[how] is None:
        (folder / "v_000000000001_keypoints.json").write_bytes(b"\xff\xfe" + GOOD.encode())
    recording = read_frame_range(folder, "v", 0, 3, 24.0)
    assert people_of(recording) == [1, 0, 1]
    assert (recording.unreadable_frames, recording.missing_frames) == (1, 0)


def test_a_stretch_of_a_video_counts_from_its_start(tmp_path):
    frames = {number: as_json(person(x=number)) for number in range(10, 20)}
    recording = read_frame_range(write_frames(tmp_path / "v", frames), "v", 12, 16, 24.0)
    middles = [frame[0, [2, 5], 0].mean() for frame in recording.frames]
    assert np.allclose(middles, [12, 13, 14, 15])
    assert recording.missing_frames == 0


def test_frames_without_a_file_keep_their_place(tmp_path):
    folder = write_frames(tmp_path / "v", {0: GOOD, 2: GOOD})
    recording = read_frame_range(folder, "v", 0, 5, 24.0)
    assert people_of(recording) == [1, 0, 1, 0, 0]
    assert (recording.unreadable_frames, recording.missing_frames) == (0, 3)


def test_a_clips_folder_is_read_whole(tmp_path):
    folder = write_frames(tmp_path / "clip", {0: GOOD, 3: GOOD})
    (folder / "notes.txt").write_text("no frame")
    # A number beyond any sentence would fill the memory with empty frames.
    (folder / "clip_999999999999_keypoints.json").write_text(GOOD)
    recording = read_folder(folder, 24.0, n_frames=4)
    assert people_of(recording) == [1, 0, 0, 1]
    assert (recording.missing_frames, recording.other_length) == (2, False)
    assert read_folder(folder, 24.0, n_frames=9).other_length


def test_an_empty_folder_has_no_frames(tmp_path):
    assert people_of(read_folder(write_frames(tmp_path / "clip", []), 24.0, n_frames=4)) == []


def test_a_folder_with_keypoints_of_two_videos_is_no_clips(tmp_path):
    folder = write_frames(tmp_path / "clip", [GOOD, GOOD])
    (folder / "other_000000000001_keypoints.json").write_text(GOOD)
    with pytest.raises(ValueError, match="two files of frame 1"):
        read_folder(folder, 24.0, n_frames=2)
