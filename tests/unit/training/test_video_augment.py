"""Augmentation: what is changed, by how much, and what never is."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from sonar_sign.core.options import AugmentOptions
from sonar_sign.training.video_augment import augment, retime

NOTHING = AugmentOptions(**{field.name: 0 for field in fields(AugmentOptions)})
FRAMES = torch.rand(3, 3, 4, 20, 20, generator=torch.Generator().manual_seed(0))


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("n_frames", [1, 2, 75])
def test_nothing_asked_for_changes_nothing(n_frames):
    assert retime(n_frames, NOTHING, rng()).tolist() == list(range(n_frames))
    assert torch.equal(augment(FRAMES, NOTHING), FRAMES)


def test_speed_keeps_the_whole_clip():
    lengths = set()
    for seed in range(50):
        numbers = retime(100, replace(NOTHING, speed=0.2), rng(seed))
        assert numbers[0] == 0 and numbers[-1] >= 98 and numbers.max() <= 99
        assert set(np.diff(numbers)) <= {0, 1, 2}
        lengths.add(len(numbers))
    # 100 / 1.2 to 100 / 0.8.
    assert 83 <= min(lengths) < 90 and 115 < max(lengths) <= 125


def test_delay_holds_the_first_frame():
    held = {len(retime(50, replace(NOTHING, delay=4), rng(seed))) - 50 for seed in range(100)}
    assert held == {0, 1, 2, 3, 4}
    assert retime(50, replace(NOTHING, delay=9), rng(3))[-50:].tolist() == list(range(50))


def test_a_lost_frame_repeats_the_one_before():
    numbers = retime(1000, replace(NOTHING, drop=0.3), rng())
    assert len(numbers) == 1000 and numbers[0] == 0
    kept = numbers == np.arange(1000)
    assert 0.6 < kept.mean() < 0.8
    assert (numbers[1:][~kept[1:]] == numbers[:-1][~kept[1:]]).all()


def test_a_shift_is_of_whole_pixels_and_repeats_the_border():
    torch.manual_seed(0)
    column = torch.arange(20.0).expand(3, 3, 4, 20, 20)
    shifted = augment(column.clone(), replace(NOTHING, shift=0.1))
    offsets = {float(window[0, 0, 0, 10]) - 10 for window in shifted}
    assert offsets <= {-2.0, -1.0, 0.0, 1.0, 2.0} and len(offsets) > 1
    for window in shifted:
        offset = window[0, 0, 0, 10] - 10
        assert torch.equal(window[0, 0, 0], (torch.arange(20.0) + offset).clamp(0, 19))


@pytest.mark.parametrize("name", ["colour", "texture", "shift", "scale"])
def test_pictures_change_and_all_frames_of_a_window_alike(name):
    torch.manual_seed(0)
    still = FRAMES[:, :, :1].expand_as(FRAMES)
    changed = augment(still.clone(), replace(NOTHING, **{name: 0.2}))
    assert not torch.allclose(changed, still)
    assert torch.allclose(changed, changed[:, :, :1].expand_as(changed), atol=1e-6)
    assert not torch.allclose(changed[0] - still[0], changed[1] - still[1])


def test_nothing_is_mirrored():
    # A bright right half stays the right one, however hard the pictures are changed.
    frames = torch.zeros(64, 3, 2, 20, 20)
    frames[..., 10:] = 1
    changed = augment(frames, AugmentOptions(0.5, 0.1, 0.2, 0.2))
    assert (changed[..., 15:].mean((1, 2, 3, 4)) > changed[..., :5].mean((1, 2, 3, 4))).all()
