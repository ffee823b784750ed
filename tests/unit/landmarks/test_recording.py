"""Whose points they are: one person, followed through a clip."""

import numpy as np
from keypoint_files import N_POINTS, person

from sonar_sign.landmarks.layouts import OPENPOSE
from sonar_sign.landmarks.recording import Recording, choose_signer

NOBODY = np.zeros((0, N_POINTS, 3))


def signer_of(*frames):
    frames = [np.array(frame).reshape(-1, N_POINTS, 3) for frame in frames]
    return choose_signer(Recording(OPENPOSE, 24.0, frames))


def places(signer):
    """The middle of the shoulders in every frame, None where nobody is chosen."""
    seen = signer.points[:, :, 2].any(axis=1)
    middles = signer.points[:, [2, 5], 0].mean(axis=1)
    return [round(float(x)) if is_seen else None for x, is_seen in zip(middles, seen, strict=True)]


def test_who_is_alone_is_the_signer_wherever_they_are():
    signer = signer_of([person(x=100)], [person(x=900)], NOBODY, [person(x=100)])
    assert places(signer) == [100, 900, None, 100]
    assert (signer.without_people, signer.several_people, signer.lost) == (1, 0, 0)


def test_the_largest_is_followed_whatever_the_order():
    small = [person(x=600 + 5 * n, width=60) for n in range(4)]
    large = [person(x=200 + 5 * n) for n in range(4)]
    signer = signer_of(
        [small[0], large[0]], [large[1], small[1]], [small[2], large[2]], [large[3], small[3]]
    )
    assert places(signer) == [200, 205, 210, 215]
    assert signer.several_people == 4


def test_the_surest_of_two_of_a_size_is_followed():
    sure, unsure = person(x=600, confidence=0.9), person(x=200, confidence=0.4)
    assert places(signer_of([unsure, sure], [unsure, sure])) == [600, 600]


def test_somebody_else_does_not_stand_in_for_a_signer_who_is_not_seen():
    other = person(x=700, width=80)
    signer = signer_of([person(), other], [other], [other, person(x=210)], NOBODY)
    assert places(signer) == [200, None, 210, None]
    assert (signer.lost, signer.without_people, signer.several_people) == (1, 1, 2)


def test_the_signer_is_found_before_they_are_seen_best():
    """Who is largest late in the clip is the signer from the start."""
    signer = signer_of(
        [person(x=600, width=90), person(x=200, width=80)],
        [person(x=600, width=90), person(x=200, width=120)],
    )
    assert places(signer) == [200, 200]


def test_points_that_are_none_are_zeros():
    broken = person()
    broken[7] = np.nan, 1, 1
    broken[8] = 1, 1, np.nan
    broken[9] = np.inf, 1, 1
    broken[10] = 1e9, 1, 1
    broken[11] = 5, 5, -1
    signer = signer_of([broken])
    assert not signer.points[0, 7:12].any()
    assert signer.points[0, :7].all()


def test_people_of_whom_nothing_is_seen_are_nobody():
    empty = np.zeros((N_POINTS, 3))
    signer = signer_of([empty, empty], [empty])
    assert places(signer) == [None, None]
    assert (signer.several_people, signer.without_people) == (0, 2)


def test_a_clip_without_frames():
    signer = signer_of()
    assert signer.points.shape == (0, N_POINTS, 3)
    assert signer.signing.shape == (0, 85, 3)
