"""Real videos, whole and broken, through PyAV."""

import io

import av
import numpy as np
import pytest
from small_files import (
    number_of,
    numbered,
    truncate,
    write_audio,
    write_video,
)

from sonar_sign.core.video import (
    VideoError,
    decode_clip,
    encode_clip,
    probe,
    read_frames,
    read_frames_near,
)


def numbers(frames):
    return [number_of(frame) for frame in frames]


@pytest.mark.parametrize("fps", [24, 25, 30, 50])
def test_probe(tmp_path, fps):
    video = probe(write_video(tmp_path / "a.mp4", [numbered(n, 48, 64) for n in range(37)], fps))
    assert (video.n_frames, video.fps, video.width, video.height) == (37, fps, 64, 48)
    assert video.codec == "h264"
    assert video.duration_s == pytest.approx(37 / fps)


def test_probe_of_one_frame(tmp_path):
    assert probe(write_video(tmp_path / "a.mp4", 1)).n_frames == 1


def test_probe_of_a_container_that_counts_no_frames(tmp_path):
    assert probe(write_video(tmp_path / "a.mkv", 30)).n_frames == 30


def test_every_frame_keeps_its_number(tmp_path):
    found = list(read_frames(write_video(tmp_path / "a.mp4", 100)))
    assert [number for number, _ in found] == list(range(100))
    assert numbers(frame for _, frame in found) == list(range(100))
    assert found[0][1].shape == (32, 32, 3) and found[0][1].dtype == np.uint8


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 3, [0, 1, 2]),
        (61, 64, [61, 62, 63]),
        (97, 200, [97, 98, 99]),
        (5, 5, []),
        (100, 101, []),
    ],
)
def test_a_part_of_a_video(tmp_path, start, end, expected):
    # A keyframe every 250 frames, x264's default, would leave nothing to seek to.
    path = write_video(tmp_path / "a.mp4", 100, movflags="faststart")
    assert numbers(frame for _, frame in read_frames(path, start, end)) == expected


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
@pytest.mark.parametrize("fps", [24, 25, 30])
@pytest.mark.parametrize("keyframes", [12, 250])
def test_frames_near_to_some(tmp_path, name, fps, keyframes):
    path = write_video(tmp_path / name, 100, fps, keyframes=keyframes)
    wanted = [0, 1, 29, 30, 59, 96, 130]
    found = numbers(read_frames_near(path, wanted))
    assert len(found) == 6
    # x264 puts up to three frames that no other needs between two that some do.
    assert all(0 <= near - number <= 4 for near, number in zip(found, wanted, strict=False))
    assert len(set(found)) == 6


def test_frames_are_numbered_by_their_time(tmp_path):
    # Frames 3 to 5 and 8 were dropped by the camera.
    times = [0, 1, 2, 6, 7, 9, 10, 11, 12, 13]
    path = write_video(tmp_path / "a.mkv", [numbered(t) for t in times], times=times)
    rate = probe(path).fps / 24
    found = [(number, number_of(frame)) for number, frame in read_frames(path)]
    assert [number for number, _ in found] == [round(t * rate) for t in times]
    assert [time for _, time in found] == times


def broken(folder, how):
    path = folder / "a.mp4"
    if how == "missing":
        return path
    if how == "empty file":
        path.write_bytes(b"")
    elif how == "text":
        path.write_text("<!DOCTYPE html><p>404</p>\n" * 50)
    elif how == "folder":
        path.mkdir()
    elif how == "index cut off":
        truncate(write_video(path, 100), 0.5)
    elif how == "frames cut off":
        noise = np.random.default_rng(0).integers(0, 255, (48, 32, 32, 3), np.uint8)
        truncate(write_video(path, noise, movflags="faststart"), 0.5)
    elif how == "audio only":
        write_audio(path)
    elif how == "zero frames":
        # Without the option FFmpeg leaves the empty track out.
        write_video(path, 0, movflags="empty_moov")
    return path


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("missing", "unreadable"),
        ("empty file", "unreadable"),
        ("text", "unreadable"),
        ("folder", "unreadable"),
        ("index cut off", "unreadable"),
        ("frames cut off", "unreadable"),
        ("audio only", "unreadable"),
        ("zero frames", "no_frames"),
    ],
)
def test_probe_of_a_broken_video(tmp_path, how, reason):
    with pytest.raises(VideoError) as caught:
        probe(broken(tmp_path, how))
    assert caught.value.reason == reason
    assert caught.value.detail


@pytest.mark.parametrize("how", ["missing", "text", "index cut off", "audio only"])
def test_reading_a_broken_video(tmp_path, how):
    with pytest.raises(VideoError):
        list(read_frames(broken(tmp_path, how)))


@pytest.mark.parametrize("fps", [1.0, 7.5, 12.5, 23.976024, 24.0, 29.97003, 59.94006, 120.0])
def test_a_clip_survives_at_any_rate(tmp_path, fps):
    content = encode_clip([numbered(n) for n in range(40)], fps, 18)
    assert numbers(decode_clip(content, np.arange(40))) == list(range(40))
    (tmp_path / "a.mp4").write_bytes(content)
    video = probe(tmp_path / "a.mp4")
    assert video.n_frames == 40
    assert video.fps == pytest.approx(fps, rel=1e-6)


def test_a_clip_of_one_frame():
    assert numbers(decode_clip(encode_clip([numbered(77)], 24.0, 18), np.array([0, 0]))) == [77, 77]


def test_frames_of_a_clip_in_any_order():
    content = encode_clip([numbered(n) for n in range(60)], 24.0, 18)
    wanted = np.array([59, 3, 3, 30], np.int32)
    assert numbers(decode_clip(content, wanted)) == [59, 3, 3, 30]


def test_a_clip_that_ends_too_early():
    content = encode_clip([numbered(n) for n in range(10)], 24.0, 18)
    with pytest.raises(VideoError, match="frame 10 cannot be decoded"):
        decode_clip(content, np.array([0, 10]))
    with pytest.raises(VideoError):
        decode_clip(content[:300], np.array([0]))


def test_equal_frames_make_equal_files():
    # With x264's defaults such frames gave a dozen different files in twenty calls.
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 255, (24, 28, 28, 3), np.uint8)
    frames = blocks.repeat(8, axis=1).repeat(8, axis=2)
    files = set()
    for _ in range(10):
        _ = rng.bytes(int(rng.integers(1000, 200_000)))
        files.add(encode_clip(frames, 24.0, 12))
    assert len(files) == 1
    assert len(encode_clip(frames, 24.0, 40)) < len(files.pop())


def test_a_clip_has_a_keyframe_every_half_second():
    content = encode_clip([numbered(n) for n in range(48)], 24.0, 18)
    with av.open(io.BytesIO(content)) as container:
        keys = [
            frame.pts * frame.time_base for frame in container.decode(video=0) if frame.key_frame
        ]
    assert max(np.diff([float(time) for time in keys])) <= 0.5


def test_quality_0_changes_no_grey_by_more_than_rounding():
    frames = np.stack([numbered(n, 64, 64) for n in range(5)])
    decoded = decode_clip(encode_clip(frames, 24.0, 0), np.arange(5))
    assert np.abs(decoded.astype(int) - frames).max() <= 2
