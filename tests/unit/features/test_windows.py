"""Windows against the reference's, and what `compat="exact"` mends."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from sonar_sign.features.windows import WindowConfig, windows_of

GOLDEN = Path(__file__).parents[2] / "data" / "golden"
CASES = json.loads((GOLDEN / "windows.json").read_text())["cases"]
INDICES = np.load(GOLDEN / "window_indices.npz")


def parse(case):
    fps, n = case.split(",")
    return int(n.removeprefix("n=")), float(fps.removeprefix("fps="))


def facts(window):
    digest = hashlib.sha256(window.indices.astype("<i4").tobytes()).hexdigest()
    return {
        "start": window.start,
        "padding": window.padding_frames,
        "kept_units": window.kept_units,
        "unique": len(np.unique(window.indices)),
        "sha": digest[:16],
        "first8": window.indices[:8].tolist(),
        "last4": window.indices[-4:].tolist(),
    }


@pytest.mark.parametrize("case", CASES)
def test_the_reference_to_the_bit(case):
    found = windows_of(*parse(case))
    assert [facts(window) for window in found] == CASES[case]["windows"]
    assert sum(window.kept_units for window in found) == CASES[case]["total_features"]
    assert WindowConfig().window_frames(parse(case)[1]) == CASES[case]["clip_sz"]
    assert {window.indices.dtype for window in found} == {np.dtype(np.int32)}


@pytest.mark.parametrize("key", [key for key in INDICES if key.endswith("_idx")])
def test_all_indices_of_some_videos(key):
    _, n, fps, _ = key.split("_")
    found = windows_of(int(n[1:]), float(fps[3:]))
    assert np.array_equal([window.indices for window in found], INDICES[key])
    expected = INDICES[key.replace("_idx", "_padding")]
    assert [window.padding_frames for window in found] == expected.tolist()


@pytest.mark.parametrize("n_frames", [1, 127, 128, 255, 257, 300, 511, 513, 1000])
def test_exact_changes_nothing_at_25_fps_but_the_redundant_window(n_frames):
    one, other = windows_of(n_frames, 25), windows_of(n_frames, 25, compat="exact")
    assert [facts(window) for window in one] == [facts(window) for window in other]


@pytest.mark.parametrize("n_windows", [1, 2, 5])
def test_a_video_that_ends_with_a_window_has_no_other(n_windows):
    n_frames = 256 + 128 * (n_windows - 1)
    assert len(windows_of(n_frames, 25)) == n_windows + 1
    exact = windows_of(n_frames, 25, compat="exact")
    assert len(exact) == n_windows
    assert [window.padding_frames for window in exact] == [0] * n_windows


def test_exact_windows_are_as_far_apart_in_seconds_at_any_rate():
    for fps in (10, 24, 30, 60):
        starts = [window.start for window in windows_of(40 * fps, fps, compat="exact")]
        assert np.allclose(np.diff(starts) / fps, 5.12, atol=1 / fps)
    # The reference's are 2.13 s apart at 60 fps: up to twice as many windows.
    assert len(windows_of(2400, 60)) > 2 * len(windows_of(2400, 60, compat="exact")) - 2


def test_exact_leaves_no_frame_out_of_slow_video():
    def unseen(compat):
        windows = windows_of(400, 10, compat=compat)
        return 400 - len(np.unique(np.concatenate([window.indices for window in windows])))

    assert unseen("ssvp_slt") == 78
    assert unseen("exact") == 0


@pytest.mark.parametrize("fps", [1, 5, 7.5, 11.9])
def test_slow_video_never_has_negative_padding(fps):
    for window in windows_of(500, fps):
        assert 0 <= window.padding_frames < 128
        assert 1 <= window.kept_units <= 64


def test_a_smaller_model():
    config = WindowConfig(num_frames=32, stride=16)
    (first, second) = windows_of(80, 25, config)
    assert (first.start, second.start) == (0, 32)
    assert (first.indices[0], first.indices[-1]) == (0, 63)
    assert second.padding_frames == 32 - len(np.unique(second.indices))
    assert second.kept_units == 16 - second.padding_frames // 2


@pytest.mark.parametrize(
    "n_frames, fps, compat",
    [(0, 25, "exact"), (5, 0, "exact"), (5, float("nan"), "exact"), (5, 25, "other")],
)
def test_impossible_videos_are_refused(n_frames, fps, compat):
    with pytest.raises(ValueError):
        windows_of(n_frames, fps, compat=compat)
