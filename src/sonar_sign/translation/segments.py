"""Parts of a video that are translated one by one: windows whose ends lie in pauses of the hands.

Windows of a fixed length cut signs in two. So each end is moved to where least moves in the crop
around the signer, within a quarter of the window's length; where nothing there is clearly a pause,
it stays. Parts follow one another without gap or overlap.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from sonar_sign.core.bounds import MAX_WINDOW_S, MIN_WINDOW_S
from sonar_sign.core.video import VideoError, VideoInfo
from sonar_sign.core.wording import duration

# Signs take longer.
MIN_VIDEO_S = 0.2
# How far an end is moved at most, as a share of the window.
REACH = 0.25
# A pause moves at most this share of what usually moves in reach of it.
PAUSE_SHARE = 0.5
# Movement is averaged over so long: a hand that turns round stands still for a frame.
SMOOTHED_S = 0.2

MotionOf = Callable[[int, int], np.ndarray]
"""Takes frames `start` to `end` (exclusive), gives `(end - start,)`, how much moved in each."""


@dataclass(frozen=True)
class Part:
    """A part of a video."""

    start: int
    """Its first frame."""
    end: int
    """The frame behind its last one."""
    read_start: int
    """What is translated of the video begins here, with the overlap."""
    read_end: int


def check_length(video: VideoInfo, window_s: float) -> None:
    """Check that a video can be translated as one clip, or in windows.

    Raises:
        VideoError: it is no more than a picture, or too long for one part.
    """
    if video.n_frames == 1:
        raise VideoError("no_frames", "it is a still picture: one frame")
    if video.duration_s < MIN_VIDEO_S:
        raise VideoError("no_frames", f"it lasts {video.duration_s:.2f} s, too short for a sign")
    if not window_s and video.duration_s > MAX_WINDOW_S:
        raise VideoError(
            "unreadable",
            f"it lasts {duration(video.duration_s)}, and at most {MAX_WINDOW_S:g} s are one "
            "sentence; cut it into windows with --window-s, such as 10",
        )


def parts(
    video: VideoInfo, window_s: float, overlap_s: float, motion_of: MotionOf
) -> Iterator[Part]:
    """The parts of a video, in order; what is left at the end joins the last one.

    Args:
        window_s: 0: the video is one part.
        overlap_s: by how much each part is read beyond its ends.
        motion_of: asked for the frames in reach of an end when the part is asked for.
    """
    n, fps = video.n_frames, video.fps
    window, least, overlap = window_s * fps, MIN_WINDOW_S * fps, round(overlap_s * fps)
    start, nominal = 0, 0.0
    while True:
        nominal = max(nominal + window, start + least)
        is_last = not window_s or n - start < window + least
        end = n if is_last else _end(start, nominal, n, fps, window, motion_of)
        yield Part(start, end, max(0, start - overlap), min(n, end + overlap))
        if is_last:
            return
        start, nominal = end, float(end) if end != round(nominal) else nominal


def expected_parts(video: VideoInfo, window_s: float) -> int:
    """About how many parts a video has, for people who wait."""
    return max(1, round(video.duration_s / window_s)) if window_s else 1


def _end(start: int, nominal: float, n: int, fps: float, window: float, motion_of: MotionOf) -> int:
    least = MIN_WINDOW_S * fps
    low = int(np.ceil(max(nominal - REACH * window, start + least)))
    high = int(min(nominal + REACH * window, n - least))
    planned = min(round(nominal), n - 1)
    if high - low < 2:
        return planned
    moved = motion_of(low, high)
    motion = smoothed(moved, max(1, round(SMOOTHED_S * fps)))
    # Not the mean, which a cut from one camera to another would lift; nor the median, which is a
    # pause's own where it is long.
    usual = float(np.percentile(moved, 75))
    if not motion.min() <= PAUSE_SHARE * usual:
        return planned
    # The middle of the stillest stretch, of several the nearest to where the end was planned.
    still = np.flatnonzero(motion <= motion.min() + 0.1 * usual)
    runs = np.split(still, np.flatnonzero(np.diff(still) > 1) + 1)
    middles = [low + int(run[len(run) // 2]) for run in runs]
    return min(middles, key=lambda frame: abs(frame - nominal))


def smoothed(values: np.ndarray, n: int) -> np.ndarray:
    """The mean over `n` neighbours, `(n_values,)`; of fewer at both ends."""
    window = np.ones(n)
    counts = np.convolve(np.ones(len(values)), window, "same")
    return np.convolve(values, window, "same")[: len(values)] / counts[: len(values)]


def without_repetition(before: str, text: str, least: int = 2) -> str:
    """A text without the words at its beginning that the text before ends with.

    Parts that overlap show some signs twice. Fewer than `least` words may be chance.

    >>> without_repetition("I will buy the red apple.", "The red apple is big.")
    'is big.'
    """
    old, new = before.split(), text.split()
    plain_old, plain_new = [*map(_plain, old)], [*map(_plain, new)]
    for n in range(min(len(old), len(new)), least - 1, -1):
        if plain_old[-n:] == plain_new[:n]:
            return " ".join(new[n:])
    return text


def _plain(word: str) -> str:
    return "".join(char for char in word.casefold() if char.isalnum())
