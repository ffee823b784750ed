"""Windows of a clip's frames, and how SignHiera wants them."""

import pytest
import torch
from small_files import number_of, write_clip_shard
from tiny_models import HIERA

from sonar_sign.clips.clip_shards import ClipShard
from sonar_sign.core.errors import UserError
from sonar_sign.features.clip_windows import load_windows, sampling_of, to_input
from sonar_sign.features.windows import WindowConfig, windows_of
from sonar_sign.models.sign_hiera import SignHieraConfig

torch.set_num_threads(1)


def test_the_public_model_is_sampled_as_it_was_trained():
    assert sampling_of(SignHieraConfig.base_128x224()) == WindowConfig()


@pytest.mark.parametrize("compat", ["ssvp_slt", "exact"])
@pytest.mark.parametrize("n_frames", [1, 7, 40])
def test_windows_hold_the_sampled_frames(tmp_path, n_frames, compat):
    shard = ClipShard(write_clip_shard(tmp_path / "s.tar", {"a": n_frames}))
    clip = load_windows(shard, "a", HIERA, compat)
    expected = windows_of(n_frames, 24.0, WindowConfig(num_frames=8, stride=4), compat)
    assert clip.frames.shape == (len(expected), 8, 32, 32, 3)
    assert clip.frames.dtype == torch.uint8
    numbers = [[number_of(frame) for frame in window] for window in clip.frames.numpy()]
    assert numbers == [window.indices.tolist() for window in expected]
    assert clip.padding_frames.tolist() == [window.padding_frames for window in expected]


def test_a_clip_of_another_size_than_the_models(tmp_path):
    shard = ClipShard(write_clip_shard(tmp_path / "s.tar", {"a": 8}, size=48))
    with pytest.raises(UserError, match="48x48 pixels and SignHiera takes 32x32: set crop.size"):
        load_windows(shard, "a", HIERA)


def test_normalisation():
    frames = torch.zeros((2, 8, 4, 6, 3), dtype=torch.uint8)
    frames[1, 7, 3, 5] = torch.tensor([255, 102, 51], dtype=torch.uint8)
    tensor = to_input(frames)
    assert tensor.shape == (2, 3, 8, 4, 6) and tensor.dtype == torch.float32
    # (x / 255 - 0.45) / 0.225 by hand.
    assert tensor[0].unique().tolist() == pytest.approx([-2.0])
    corner = tensor[1, :, 7, 3, 5].tolist()
    assert corner == pytest.approx([22 / 9, -2 / 9, -10 / 9], abs=1e-6)
