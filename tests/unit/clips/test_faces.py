"""dlib's detector on a real face: NASA's portrait of Eileen Collins, public domain."""

import cv2
import dlib
import numpy as np
import pytest
import skimage.data

from sonar_sign.clips.faces import SearchArea, find_faces, find_signer, find_small_faces
from sonar_sign.core.geometry import crop_box, intersection_over_union

FACE = (175, 65, 275, 170)
"""Roughly where the face is in the portrait, read off it by eye."""


@pytest.fixture(scope="module")
def portrait():
    return skimage.data.astronaut()[:240, 100:340]


def frame_with(portrait, *places, size=(250, 560)):
    """A grey frame with the portrait's left top corner at `(x, y)`, at a scale of 1 / step."""
    frame = np.full((*size, 3), 128, np.uint8)
    for x, y, step in places:
        small = portrait[::step, ::step]
        frame[y : y + small.shape[0], x : x + small.shape[1]] = small
    return frame


def moved(x, y):
    return tuple(edge + by for edge, by in zip(FACE, (x - 100, y, x - 100, y), strict=True))


def test_a_face_is_where_it_is(portrait):
    (box,) = find_faces(frame_with(portrait, (300, 5, 1)))
    assert intersection_over_union(tuple(box), moved(300, 5)) > 0.6


def test_no_face():
    boxes = find_faces(np.full((120, 160, 3), 128, np.uint8))
    assert boxes.shape == (0, 4)
    found = find_signer([np.zeros((120, 160, 3), np.uint8)] * 3)
    assert (found.box, found.found, found.probed) == (None, 0, 3)


def test_no_frames():
    assert find_signer([]).probed == 0


def test_boxes_are_the_references(portrait):
    """SSVP-SLT: the same detector on frames of twice the size."""
    detector = dlib.get_frontal_face_detector()
    overlaps = []
    for x, y, side in [(300, 5, 240), (211, 9, 260), (97, 30, 300), (13, 0, 340), (160, 22, 400)]:
        frame = np.full((450, 640, 3), 128, np.uint8)
        frame[y : y + side, x : x + side] = cv2.resize(portrait, (side, side))
        (theirs,) = detector(frame, 1)
        reference = (theirs.left(), theirs.top(), theirs.right(), theirs.bottom())
        (ours,) = find_faces(frame)
        overlaps.append(intersection_over_union(crop_box(tuple(ours)), crop_box(reference)))
    assert min(overlaps) > 0.85 and np.mean(overlaps) > 0.93


def test_a_known_face_is_found_again_at_the_same_size(portrait):
    """In the part of the frame that can hold it, from a smaller copy of the frame on."""
    for x, y, side in [(300, 5, 240), (97, 30, 300), (13, 0, 340), (160, 22, 400)]:
        frame = np.full((450, 641, 3), 128, np.uint8)
        frame[y : y + side, x : x + side] = cv2.resize(portrait, (side, side))
        (whole,) = find_faces(frame)
        right, bottom = (int(edge) + 60 for edge in whole[2:])
        (again,) = find_faces(frame, SearchArea(right, bottom, whole[2] - whole[0]))
        assert np.abs(again - whole).max() < 3


def test_a_video_is_searched_from_a_face_lost_on(portrait):
    """Where the face was is searched first, and all of the next frame where it is not there."""
    here, there = frame_with(portrait, (0, 0, 1)), frame_with(portrait, (310, 0, 1))
    found = find_signer([here, there, there, there])
    assert (found.found, found.probed) == (2, 4)
    assert intersection_over_union(tuple(found.box), moved(310, 0)) > 0.6


def test_small_faces(portrait):
    frame = frame_with(portrait, (100, 5, 2))
    assert len(find_faces(frame)) == 0
    (box,) = find_small_faces(frame)
    assert intersection_over_union(tuple(box), (138, 37, 188, 90)) > 0.5


def test_two_faces_in_a_frame(portrait):
    boxes = find_faces(frame_with(portrait, (0, 0, 1), (310, 0, 1)))
    assert boxes.shape == (2, 4)


def test_the_face_that_stays_is_the_signers(portrait):
    both = frame_with(portrait, (0, 0, 1), (310, 0, 1))
    right, empty = frame_with(portrait, (310, 0, 1)), frame_with(portrait)
    found = find_signer([both, right, empty, both])
    assert (found.found, found.probed) == (3, 4)
    assert intersection_over_union(tuple(found.box), moved(310, 0)) > 0.6


def test_a_face_that_moves_a_little_is_one_face(portrait):
    frames = [frame_with(portrait, (x, 0, 1)) for x in (100, 108, 116, 104, 112)]
    found = find_signer(frames)
    assert found.found == 5
    single = find_signer([frames[1]])
    # The mean of five places: the middle one, within the detector's step.
    assert np.abs(found.box - single.box).max() <= 8


@pytest.fixture(scope="module")
def large_and_small(portrait):
    """A frame with a face twice as large on the left, and the same with the right face alone."""
    frame = np.full((330, 620, 3), 128, np.uint8)
    frame[:240, 340:580] = portrait
    alone = frame.copy()
    frame[:320, :300] = skimage.data.astronaut()[40:200, 150:300].repeat(2, 0).repeat(2, 1)
    assert len(find_faces(frame)) == 2
    return frame, alone


def test_the_larger_of_two_that_stay(large_and_small):
    both, _ = large_and_small
    found = find_signer([both, both])
    assert found.found == 2
    assert found.box[2] < 300


def test_a_large_face_that_passes_is_not_the_signers(large_and_small):
    both, alone = large_and_small
    found = find_signer([both, alone])
    assert found.found == 2
    assert found.box[0] > 300


def test_padded_rows_change_nothing(portrait):
    # As decoded frames have them: dlib alone finds nothing, or something else, in such arrays.
    for width in (700, 701, 850):
        frame = frame_with(portrait, (300, 5, 1), size=(250, width))
        padded = np.zeros((250, 1024, 3), np.uint8)[:, :width]
        padded[:] = frame
        assert not padded.flags.c_contiguous
        assert np.array_equal(find_faces(padded), find_faces(frame)) and len(find_faces(frame)) == 1
