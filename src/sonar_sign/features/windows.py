"""Which frames of a video are in the windows that SignHiera reads.

A window is `num_frames` sampled frames, `sampling_rate / target_fps` seconds apart: at the
defaults 128 frames at 12.5 frames per second, so 10.24 s of video at any frame rate. Windows
overlap by half. The last window is filled up with copies of the last frame, counted as padding.

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
    """Of a video at `target_fps`, every `sampling_rate`-th frame is sampled."""
    stride: int = 64
    """Sampled frames between the starts of two windows."""
    target_fps: float = 25.0
    """Frame rate that `sampling_rate` refers to, frames per second."""
    frames_per_unit: int = 2
    """Sampled frames that one SignHiera feature covers."""

    def window_frames(self, fps: float) -> float:
        """Source frames that a window spans; in general not a whole number."""
        return self.sampling_rate * self.num_frames / self.target_fps * fps


@dataclass(frozen=True, eq=False)
class Window:
    """One window of one video."""

    start: int
    """First source frame."""
    indices: np.ndarray
    """`(num_frames,)` int32: source frames in order; at the video's end the last one repeats."""
    padding_frames: int
    """How many sampled frames at the end are padding."""
    kept_units: int
    """How many SignHiera features the window yields: those with a frame that is not padding."""


def windows_of(
    n_frames: int,
    fps: float,
    config: WindowConfig = WindowConfig(),  # noqa: B008 (frozen)
    compat: Compat = "ssvp_slt",
) -> list[Window]:
    """The windows of a video.

    Args:
        n_frames: source frames in the video.
        fps: its frame rate, frames per second.
        config: how windows are sampled.
        compat: "ssvp_slt" equals the reference exactly, with its two faults: windows start every
            `stride * sampling_rate` source frames at any frame rate (so at 60 fps windows overlap
            more and cost up to twice as much; below 12.5 fps frames are left out), and a video
            that ends exactly with a window gets another one, half of which is padding. "exact"
            corrects both: windows start every `stride * sampling_rate / target_fps` seconds, and
            the first one that reaches the end of the video is the last.

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
        # The video has fewer frames than are sampled: each is sampled `ratio` times on average.
        distinct = math.floor(distinct * config.target_fps / (fps * config.sampling_rate))
    padding = max(config.num_frames - distinct, 0)
    kept = config.num_frames // config.frames_per_unit - padding // config.frames_per_unit
    return Window(start, indices, padding, kept)
