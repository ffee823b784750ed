"""Landmarks drawn: as many frames as the clip has, with the points where they are."""

import cv2
import numpy as np
import pytest
from keypoint_files import LEFT_SHOULDER, RIGHT_SHOULDER, as_json, person, write_frames, write_shard
from small_files import write_video

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import LandmarkOptions
from sonar_sign.core.video import read_frames
from sonar_sign.landmarks.show import BACKGROUND, show

OPTIONS = LandmarkOptions()
N = 24


@pytest.fixture
def root(tmp_path):
    """A clip of somebody of whom only the shoulders are seen, moving right, before grey."""
    frames = []
    for n in range(N):
        points = person(x=100 + 2 * n, y=80, width=60)
        rest = [p for p in range(len(points)) if p not in (LEFT_SHOULDER, RIGHT_SHOULDER)]
        points[rest] = 0
        frames.append(as_json(points))
    write_frames(tmp_path / "openpose/clip", frames)
    write_video(tmp_path / "raw_videos/clip.mp4", [np.full((160, 240, 3), 90, np.uint8)] * N)
    write_shard(tmp_path / "train.tsv", [("clip", "raw_videos/clip.mp4", 0, 1, N, 24)])
    return tmp_path


def shown(root, **settings):
    options = settings.pop("options", OPTIONS)
    paths = show(["clip"], root / "train.tsv", root, "train", root / "out", options, **settings)
    (path,) = paths
    return path


def line_of(frame, y=80):
    """Where the bright line between the shoulders begins and ends."""
    bright = np.flatnonzero(frame[y].min(axis=1) > 180)
    return bright.min(), bright.max()


@pytest.mark.parametrize("picture", [True, False])
def test_a_video_of_the_clips_length(root, picture):
    frames = [frame for _, frame in read_frames(shown(root, picture=picture))]
    assert len(frames) == N
    for n in (0, 10, 23):
        assert line_of(frames[n]) == pytest.approx((70 + 2 * n, 130 + 2 * n), abs=3)
        corner = frames[n][:20, :20]
        assert np.allclose(corner, 90 if picture else BACKGROUND, atol=6)
    if picture:
        assert frames[0].shape == (160, 240, 3)


def test_without_the_video_the_picture_is_empty(root):
    (root / "raw_videos/clip.mp4").unlink()
    _, frame = next(read_frames(shown(root)))
    assert np.allclose(frame[:20, :20], BACKGROUND, atol=6)
    assert line_of(frame) == pytest.approx((70, 130), abs=3)


def test_a_contact_sheet_has_twelve_frames(root):
    sheet = cv2.imread(str(shown(root, format="png")))
    assert sheet.shape == (3 * 213, 4 * 320, 3)
    first, last = sheet[:213, :320], sheet[-213:, -320:]
    # The first and the last frame, enlarged.
    assert line_of(first, round(80 * 4 / 3)) == pytest.approx((70 * 4 / 3, 130 * 4 / 3), abs=4)
    assert line_of(last, round(80 * 4 / 3)) == pytest.approx((116 * 4 / 3, 176 * 4 / 3), abs=4)


def test_interpolated_points_are_red(root):
    write_frames(root / "openpose/clip", {5: as_json()})
    frames = [frame for _, frame in read_frames(shown(root, picture=False))]
    red = [(f[..., 0].astype(int) - f[..., 1] > 60).any() for f in frames]
    assert [n for n, is_red in enumerate(red) if is_red] == [5]


def test_mistakes_are_a_sentence(root):
    with pytest.raises(UserError, match="Clip nope is not in .*train.tsv"):
        show(["nope"], root / "train.tsv", root, "train", root, OPTIONS)
    with pytest.raises(UserError, match="'gif' is not one of mp4, png"):
        shown(root, format="gif")
    row = ("clip", "raw_videos/clip.mp4", 0, 1, N, 24)
    write_shard(root / "train.tsv", [row, ("gone", "raw_videos/gone.mp4", 0, 1, N, 24)])
    with pytest.raises(UserError, match=r"Clip gone has no landmarks to show \(no_keypoints\)"):
        show(["gone"], root / "train.tsv", root, "train", root, OPTIONS)
