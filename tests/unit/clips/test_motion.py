"""Whether something moves: in real and drawn clips it does, in still pictures it does not."""

import cv2
import numpy as np
import pytest
import skimage.data
from small_files import NO_REAL_DATA, REAL_DATA

from sonar_sign.clips.motion import LEAST_SHARE, moving_share, shows_signing
from sonar_sign.clips.signer_box import FaceSearch
from sonar_sign.core.geometry import crop_resize
from sonar_sign.core.video import VideoError, decode_clip, encode_clip, probe, read_frames
from sonar_sign.demo.corpus import CorpusOptions, make_corpus


def cropped(path):
    """A video's frames around the signer, `(n, 224, 224, 3)`, and its frame rate."""
    video = probe(path)
    box = FaceSearch(3).box(path, video).box
    frames = [crop_resize(frame[None], box, 224)[0] for _, frame in read_frames(path, video=video)]
    return np.stack(frames), video.fps


@pytest.mark.long
def test_every_real_clip_shows_signing():
    if not REAL_DATA.is_dir():
        pytest.skip(NO_REAL_DATA)
    paths = [*REAL_DATA.glob("how2sign_sample/raw_videos/*.mp4"), *REAL_DATA.glob("*/*.gif")]
    shares = []
    for path in paths:
        try:
            shares.append(moving_share(*cropped(path)))
        except VideoError:  # one is cut off
            continue
    assert len(shares) == 15
    assert min(shares) > 0.15 > 20 * LEAST_SHARE


def test_drawn_signers_sign(tmp_path):
    make_corpus(tmp_path, CorpusOptions("howto", {"train": 2}, 5, 1), workers=1)
    for path in tmp_path.glob("raw_videos/*.mp4"):
        assert moving_share(*cropped(path)) > 20 * LEAST_SHARE


def still(how):
    rng = np.random.default_rng(0)
    photo = cv2.resize(skimage.data.astronaut(), (128, 128))
    picture = {"black": 0 * photo, "grey": 0 * photo + 90}.get(how, photo)
    frames = np.repeat(picture[None], 100, axis=0)
    if how == "dark and noisy":
        frames = np.clip(frames // 8 + rng.normal(0, 12, frames.shape), 0, 255).astype(np.uint8)
    if how == "brighter by and by":
        light = np.linspace(0, 12, 100).astype(np.uint8)[:, None, None, None]
        frames = np.clip(frames.astype(int) + light, 0, 255).astype(np.uint8)
    return frames


@pytest.mark.parametrize(
    "how", ["black", "grey", "a photo", "dark and noisy", "brighter by and by"]
)
def test_a_still_picture_shows_none(how):
    frames = still(how)
    assert not shows_signing(frames, 25.0)
    coded = decode_clip(encode_clip(frames[:30], 25.0, 28), np.arange(30))
    assert not shows_signing(coded, 25.0)


@pytest.mark.parametrize("fps", [10.0, 25.0, 120.0])
def test_one_hand_that_moves_once_is_enough(fps):
    frames = still("a photo")
    for number in range(40, 60):
        frames[number, 70:86, 20 + number : 36 + number] = 255
    assert shows_signing(frames, fps)


def test_one_frame_moves_not():
    assert not shows_signing(still("a photo")[:1], 25.0)
