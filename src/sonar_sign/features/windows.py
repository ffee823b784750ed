"""Which frames of a video make up the windows that SignHiera is given.

A window is `num_frames` sampled frames, `sampling_rate / target_fps` seconds apart: at the
defaults 128 frames at 12.5 a second, 10.24 s of video at any frame rate. Windows overlap by half.
The last window's missing end repeats the last frame and is counted as padding.

The sampling is that of SSVP-SLT (Rust et al. 2024, arXiv:2402.09611; window facts in section 5 of
tests/data/golden/README.txt), which the public weights were trained with.
"""

import math
from dataclasses import dataclass

import numpy as np

from sonar_sign.core.options import Compat


@dataclass(frozen=True)
class WindowConfig:
    """How windows are sampled; the defaults are the public model's."""

    num_frames: int = 128
    """Sampled frames in a window."""
    sampling_rate: int = 2
    """At `target_fps`, every how many-th frame is sampled."""
    stride: int = 64
    """Sampled frames from one window's start to the next one's."""
    target_fps: float = 25.0
    """Frame rate that `sampling_rate` counts in, frames a second."""
    frames_per_unit: int = 2
    """Sampled frames behind one SignHiera feature."""

    def window_frames(self, fps: float) -> float:
        """Source frames that a window spans, a fraction in general."""
        return self.sampling_rate * self.num_frames / self.target_fps * fps


@dataclass(frozen=True, eq=False)
class Window:
    """One window of one video."""

    start: int
    """First source frame."""
    indices: np.ndarray
    """(num_frames,) int32: source frames, in order, the last one repeated at the video's end."""
    padding_frames: int
    """Sampled frames at the end that are only padding."""
    kept_units: int
    """SignHiera features that the window gives: those with a frame that is no padding."""


def windows_of(
    n_frames: int,
    fps: float,
    config: WindowConfig = WindowConfig(),  # noqa: B008 (frozen)
    compat: Compat = "ssvp_slt",
) -> list[Window]:
    """The windows of a video.

    Args:
        n_frames: source frames in the video.
        fps: its frame rate, frames a second.
        config: how windows are sampled.
        compat: "ssvp_slt" is the reference to the bit, with its two faults: windows start every
            `stride * sampling_rate` source frames whatever the frame rate (at 60 fps the video is
            computed up to twice too often, under 12.5 fps frames are left out), and a video that
            ends exactly with a window gets one more, half of it padding. "exact" mends both:
            windows start every `stride * sampling_rate / target_fps` seconds, and the last one
            is the first that reaches the end of the video.

    Returns:
        At least one window, in order.

    Raises:
        ValueError: no frames, a frame rate that is not a positive number, or an unknown `compat`.
    """
    if n_frames < 1:
        raise ValueError(f"A video of {n_frames} frames has no windows.")
    if not (math.isfinite(fps) and fps > 0):
        raise ValueError(f"The frame rate {fps} is not a positive number.")
    if compat not in ("ssvp_slt", "exact"):
        raise ValueError(f"compat {compat!r} is neither 'ssvp_slt' nor 'exact'.")
    span = config.window_frames(fps)
    step = config.stride * config.sampling_rate
    if compat == "exact":
        step = step / config.target_fps * fps
    windows = []
    start = 0
    while start < n_frames:
        windows.append(_window(start, n_frames, fps, config))
        end = start + span
        if end > n_frames or (compat == "exact" and end >= n_frames):
            break
        start = round(len(windows) * step)
    return windows


def _window(start: int, n_frames: int, fps: float, config: WindowConfig) -> Window:
    span = config.window_frames(fps)
    at = np.linspace(start + 0.5, start + span - 1 + 0.5, config.num_frames)
    indices = np.clip(at, 0, n_frames - 1).astype(np.int32)
    distinct = len(np.unique(indices))
    ratio = config.target_fps / (fps * config.sampling_rate)
    if ratio > 1:
        # The video has fewer frames than are sampled: each stands for `ratio` of them.
        distinct = math.floor(distinct * config.target_fps / (fps * config.sampling_rate))
    padding = max(config.num_frames - distinct, 0)
    kept = config.num_frames // config.frames_per_unit - padding // config.frames_per_unit
    return Window(start, indices, padding, kept)
