"""Windows of a video: where they end, and that they cover it once."""

import numpy as np
import pytest

from sonar_sign.core.video import VideoError, VideoInfo
from sonar_sign.translation.segments import check_length, parts, without_repetition


def video(n_frames, fps=25.0):
    return VideoInfo(n_frames, fps, 64, 64, "h264")


def ends(n_frames, window_s, pauses=(), overlap_s=0.0):
    """The parts of a video that moves all the time, but in pauses `(first, last)`, exclusive."""
    motion = np.full(n_frames, 8.0)
    for first, last in pauses:
        motion[first:last] = 0.1
    found = parts(video(n_frames), window_s, overlap_s, lambda start, end: motion[start:end])
    return [(one.start, one.end, one.read_start, one.read_end) for one in found]


@pytest.mark.parametrize("n_frames", [*range(13, 160, 7), 1000])
@pytest.mark.parametrize("window_s", [0.5, 1.0, 2.2])
def test_parts_follow_one_another_and_none_is_too_short(n_frames, window_s):
    rng = np.random.default_rng(n_frames)
    pauses = [(at, at + 6) for at in rng.integers(0, n_frames, 9)]
    found = ends(n_frames, window_s, pauses)
    assert found[0][0] == 0 and found[-1][1] == n_frames
    assert [one[1] for one in found[:-1]] == [one[0] for one in found[1:]]
    assert all(end - start >= min(n_frames, 0.5 * 25 - 1) for start, end, *_ in found)
    assert all(end - start <= 1.25 * window_s * 25 + 0.5 * 25 + 1 for start, end, *_ in found)


def test_an_end_moves_to_the_middle_of_a_pause_in_reach():
    # A window of 50 frames may end at frame 38 to 62.
    assert [one[1] for one in ends(100, 2.0, [(53, 59)])] == [56, 100]
    assert [one[1] for one in ends(100, 2.0, [(41, 47)])] == [44, 100]
    # Of two pauses the nearer one.
    assert ends(100, 2.0, [(40, 46), (52, 58)])[0][1] == 55
    # None is in reach.
    assert ends(100, 2.0, [(20, 30), (70, 80)])[0][1] == 50


def test_parts_may_be_read_beyond_their_ends():
    assert ends(100, 2.0, overlap_s=0.4) == [(0, 50, 0, 60), (50, 100, 40, 100)]


def test_a_video_without_windows_is_one_part():
    assert ends(100, 0.0) == [(0, 100, 0, 100)]


@pytest.mark.parametrize(
    ("n_frames", "window_s", "words"),
    [(1, 0, "still picture"), (4, 0, "too short"), (3500, 0, "--window-s")],
)
def test_what_cannot_be_one_sentence(n_frames, window_s, words):
    with pytest.raises(VideoError) as error:
        check_length(video(n_frames), window_s)
    assert words in error.value.detail


@pytest.mark.parametrize(
    ("before", "text", "left"),
    [
        ("I will buy the red apple.", "The red apple is big.", "is big."),
        ("I will buy the red apple.", "I will buy the red apple.", ""),
        ("I like you.", "You are nice.", "You are nice."),  # one word may be chance
        ("", "You are nice.", "You are nice."),
        ("One two.", "", ""),
    ],
)
def test_words_that_the_part_before_ended_with_are_left_out(before, text, left):
    assert without_repetition(before, text) == left
