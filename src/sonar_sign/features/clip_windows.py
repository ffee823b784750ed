"""From a cropped clip to SignHiera's input: windows of frames, then normalised tensors."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from sonar_sign.clips.clip_shards import ClipShard
from sonar_sign.core.errors import UserError
from sonar_sign.features.windows import Compat, WindowConfig, windows_of
from sonar_sign.models.sign_hiera import SignHieraConfig

# The public SignHiera was trained on (rgb / 255 - 0.45) / 0.225, the same for each channel.
MEAN, STD = 0.45, 0.225


@dataclass(frozen=True, eq=False)
class ClipWindows:
    """All windows of one clip."""

    clip_id: str
    frames: Tensor
    """`(n_windows, n_frames, size, size, 3)` uint8 RGB."""
    padding_frames: Tensor
    """`(n_windows,)` int64: how many frames at the end of each window only repeat the last one."""

    def pin_memory(self) -> "ClipWindows":
        """The same in page-locked memory, which GPUs read faster; the data loader calls it."""
        return replace(self, frames=self.frames.pin_memory())


def sampling_of(config: SignHieraConfig) -> WindowConfig:
    """How windows for this model are sampled: as for the public one, but of this model's length."""
    return WindowConfig(
        num_frames=config.num_frames,
        stride=config.num_frames // 2,
        frames_per_unit=config.frames_per_unit,
    )


def load_windows(
    shard: ClipShard,
    clip_id: str,
    config: SignHieraConfig,
    compat: Compat = "ssvp_slt",
    order: Callable[[int], np.ndarray] = np.arange,
) -> ClipWindows:
    """Decode the frames of all windows of a clip; frames that are in no window are not kept.

    Args:
        order: takes the clip's number of frames, returns the frames to use, in order, `(n,)`;
            augmentation changes the speed with it.

    Raises:
        UserError: the clip cannot be decoded or has another size than the model's input.
    """
    info = shard.info(clip_id)
    if (info.height, info.width) != config.input_size[1:]:
        raise UserError(
            f"Clips of {shard.path} are {info.width}x{info.height} pixels and SignHiera takes "
            f"{config.input_size[2]}x{config.input_size[1]}: set crop.size to the model's."
        )
    numbers = order(info.n_frames)
    return cut_windows(
        clip_id,
        len(numbers),
        info.fps,
        config,
        compat,
        lambda chosen: shard.frames(clip_id, numbers[chosen]),
    )


def cut_windows(
    clip_id: str,
    n_frames: int,
    fps: float,
    config: SignHieraConfig,
    compat: Compat,
    read: Callable[[np.ndarray], np.ndarray],
) -> ClipWindows:
    """The windows of a clip.

    Args:
        read: takes frame numbers `(n,)`, returns the frames `(n, size, size, 3)` uint8 RGB.
    """
    windows = windows_of(n_frames, fps, sampling_of(config), compat)
    frames = read(np.concatenate([window.indices for window in windows]))
    return ClipWindows(
        clip_id,
        torch.from_numpy(frames.reshape(len(windows), config.num_frames, *frames.shape[1:])),
        torch.tensor([window.padding_frames for window in windows]),
    )


def to_input(frames: Tensor) -> Tensor:
    """Normalise windows, on the device where they are.

    Args:
        frames: `(n_windows, n_frames, height, width, 3)` uint8 RGB.

    Returns:
        `(n_windows, 3, n_frames, height, width)` float32.
    """
    # Permuted while still uint8, then normalised in place: a batch of windows is large.
    pixels = frames.permute(0, 4, 1, 2, 3).contiguous().float()
    return pixels.mul_(1 / (255 * STD)).sub_(MEAN / STD)
