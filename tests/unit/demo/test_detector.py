"""Keypoints with the faults of a detector."""

import numpy as np
import pytest

from sonar_sign.core.demo_options import PLAIN
from sonar_sign.demo.body import keypoints, pose
from sonar_sign.demo.detector import PALM, detected
from sonar_sign.demo.discourse import draw_videos
from sonar_sign.demo.domains import set_up
from sonar_sign.demo.face import make_head
from sonar_sign.demo.motion import perform

UNIT = 180.0


@pytest.fixture(scope="module")
def clean():
    rng = np.random.default_rng(0)
    (sentences,) = draw_videos([16], "train", PLAIN, rng)
    shot = set_up("howto", 3, rng)
    poses = pose(perform(sentences, shot.manner, rng), shot.frame, 1.0)
    return keypoints(poses, make_head(shot.look.face, shot.frame.shoulder_px), shot.frame, rng)


@pytest.fixture(scope="module")
def found(clean):
    return detected(*clean, UNIT, np.random.default_rng(1))


def test_one_hand_is_found_in_95_percent_of_frames_and_both_in_75(found):
    seen = found[2][:, :, PALM, 2] > 0
    assert seen.any(axis=1).mean() == pytest.approx(0.95, abs=0.005)
    assert seen.all(axis=1).mean() == pytest.approx(0.75, abs=0.005)


def test_a_hand_is_lost_for_a_while(found):
    lost = found[2][:, :, PALM, 2] == 0
    starts = (lost[1:] & ~lost[:-1]).sum()
    assert lost.sum() / starts > 4  # frames


def test_a_fast_hand_is_lost_more_often_and_jitters_more(clean, found):
    speed = np.linalg.norm(np.gradient(clean[2][:, :, PALM, :2], axis=0), axis=-1)
    fast = speed > np.quantile(speed, 0.8)
    slow = speed < np.quantile(speed, 0.4)
    lost = found[2][:, :, PALM, 2] == 0
    assert lost[fast].mean() > 1.5 * lost[slow].mean()
    off = np.median(np.linalg.norm(found[2][..., :2] - clean[2][..., :2], axis=-1), axis=-1)
    assert np.median(off[fast & ~lost]) > 1.4 * np.median(off[slow & ~lost])


def test_hands_are_exchanged_in_some_frames(clean, found):
    way = np.linalg.norm(clean[2][:, 0, PALM, :2] - clean[2][:, 1, PALM, :2], axis=-1)
    seen = (found[2][:, :, PALM, 2] > 0).all(axis=1) & (way > 0.5 * UNIT)
    other = np.linalg.norm(found[2][:, 0, PALM, :2] - clean[2][:, 1, PALM, :2], axis=-1)
    assert 0 < (other[seen] < 0.2 * UNIT).mean() < 0.05


def test_a_hand_before_the_face_hides_the_face_only(clean, found):
    middle = clean[1][:, :, :2].mean(axis=1)
    near = np.linalg.norm(clean[2][:, :, PALM, :2] - middle[:, None], axis=-1).min(axis=1)
    lost = (found[1][..., 2] == 0).all(axis=1)
    assert lost.any() and near[lost].max() < 0.42 * UNIT
    assert (found[0][:, [2, 5], 2] > 0).all()


def test_the_seed_decides_and_the_clean_keypoints_stay(clean, found):
    again = detected(*clean, UNIT, np.random.default_rng(1))
    other = detected(*clean, UNIT, np.random.default_rng(2))
    for first, second, third in zip(found, again, other, strict=True):
        assert np.array_equal(first, second) and not np.array_equal(first, third)
    assert (clean[2][..., 2] > 0).mean() > 0.9


def test_what_is_not_in_the_picture_stays_missing(clean, found):
    for before, after in zip(clean[:2], found[:2], strict=True):
        assert (after[before[..., 2] == 0] == 0).all()


@pytest.mark.parametrize("n", [2, 3, 9])
def test_a_very_short_video_has_keypoints_too(clean, n):
    parts = detected(*(part[:n] for part in clean), UNIT, np.random.default_rng(1))
    assert [part.shape for part in parts] == [part[:n].shape for part in clean]
    assert all(np.isfinite(part).all() for part in parts)
