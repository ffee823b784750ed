"""Containers with flipped bits, cut off, or spliced together, read as `prepare` and `crop` do."""

from pathlib import Path

import numpy as np
import pytest
from fuzz_worker import Worker
from fuzzing import fresh_folder
from hypothesis import given
from hypothesis import strategies as st
from mutations import EDITS, damaged
from small_files import number_of, write_video

from sonar_sign.core.video import VideoError, probe, read_frames, read_frames_near

SUFFIXES = ("mp4", "mkv", "webm", "avi", "ts", "mov")
N_FRAMES = 20


def looked_at(path: str, start: int) -> tuple:
    """What `probe` says, and which numbers the frames have that can be read."""
    video = probe(Path(path))
    try:
        frames = [
            (number, number_of(frame), frame.shape)
            for number, frame in read_frames(Path(path), start, start + 8, video)
        ]
        near = [frame.shape for frame in read_frames_near(Path(path), [0, start], video)]
    except VideoError as error:
        return video, error.detail, []
    return video, frames, near


worker = Worker(looked_at, (VideoError,))


@pytest.fixture(scope="module", autouse=True)
def _end_the_worker():
    yield
    worker.close()


def contents() -> dict[str, bytes]:
    with fresh_folder() as folder:
        return {
            suffix: write_video(folder / f"v.{suffix}", N_FRAMES, keyframes=8).read_bytes()
            for suffix in SUFFIXES
        }


CONTENTS = contents()


@given(
    suffix=st.sampled_from(SUFFIXES),
    other=st.sampled_from(SUFFIXES),
    edits=EDITS,
    start=st.integers(0, N_FRAMES),
)
def test_a_damaged_video_is_refused_or_has_the_frames_that_it_says(suffix, other, edits, start):
    content = damaged(CONTENTS[suffix], edits, CONTENTS[other])
    with fresh_folder() as folder:
        path = folder / f"video.{suffix}"
        path.write_bytes(content)
        found, refusal = worker(str(path), start)
        assert path.read_bytes() == content
    if refusal is not None:
        assert refusal and "\n" not in refusal
        return
    video, frames, near = found
    assert video.n_frames > 0 and 0 < video.fps < 1e6 and np.isfinite(video.fps)
    assert min(video.width, video.height) > 0
    if isinstance(frames, str):
        return  # a part of it cannot be read, and this was said
    # Numbers have no holes, and no frame is shown that the video is too short for.
    expected = list(range(start, min(start + 8, video.n_frames)))
    assert [number for number, _, _ in frames] == expected[: len(frames)]
    assert {shape for _, _, shape in frames} | {*near} <= {(video.height, video.width, 3)}


@given(suffix=st.sampled_from(SUFFIXES), at=st.integers(1, 10_000))
def test_a_cut_video_never_counts_as_whole(suffix, at):
    content = CONTENTS[suffix]
    kept = content[: at % len(content)]
    with fresh_folder() as folder:
        path = folder / f"video.{suffix}"
        path.write_bytes(kept)
        found, _ = worker(str(path), 0)
    if found is not None:
        # Only a trailer without pictures is missing.
        assert found[0].n_frames == N_FRAMES
