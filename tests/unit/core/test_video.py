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


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.mov"])
def test_frames_are_numbered_by_their_time(tmp_path, name):
    # Frames 3 to 5 and 8 were dropped by the camera: the one before is still shown.
    times = [0, 1, 2, 6, 7, 9, 10, 11, 12, 13]
    path = write_video(tmp_path / name, [numbered(t) for t in times], times=times)
    video = probe(path)
    assert (video.n_frames, video.fps, video.gaps) == (14, 24.0, ((3, 6),))
    found = [(number, number_of(frame)) for number, frame in read_frames(path)]
    assert found == list(enumerate([0, 1, 2, 2, 2, 2, 6, 7, 7, 9, 10, 11, 12, 13]))
    part = [(number, number_of(frame)) for number, frame in read_frames(path, 4, 8, video)]
    assert part == [(4, 2), (5, 2), (6, 6), (7, 7)]


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


def noise(n_frames, size=32):
    return np.random.default_rng(0).integers(0, 255, (n_frames, size, size, 3), np.uint8)


CONTAINERS = {
    "a.mp4": {"movflags": "faststart"},
    "fragments.mp4": {"movflags": "frag_keyframe+empty_moov", "keyframes": 12},
    "a.mov": {"movflags": "faststart"},
    "a.mkv": {},
    "a.webm": {},
    "a.avi": {},
    "a.ts": {},
    # As a browser's recorder writes it: without duration or index.
    "live.webm": {"live": "1"},
    "live.mkv": {"live": "1"},
    # Every second frame takes twice as long.
    "variable.mp4": {"movflags": "faststart", "times": [3 * (n // 2) + n % 2 for n in range(60)]},
    "variable.mkv": {"times": [3 * (n // 2) + n % 2 for n in range(60)]},
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_cut_file_says_so(tmp_path, name):
    path = write_video(tmp_path / name, noise(60), **CONTAINERS[name])
    content = path.read_bytes()
    assert probe(path).n_frames >= 60
    for share in (0.3, 0.5, 0.77, 0.93):
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(VideoError) as caught:
            probe(path)
        assert caught.value.reason == "unreadable"


@pytest.mark.parametrize("name", ["a.mkv", "a.webm", "a.mp4", "a.avi", "a.ts", "live.webm"])
def test_a_constant_rate_is_exact_in_every_container(tmp_path, name):
    path = write_video(tmp_path / name, 100, 25, keyframes=30, **CONTAINERS[name])
    video = probe(path)
    assert (video.n_frames, video.fps, video.gaps) == (100, 25.0, ())
    found = [(number, number_of(frame)) for number, frame in read_frames(path, 37, 64, video)]
    assert found == [(number, number) for number in range(37, 64)]


@pytest.mark.parametrize("name", ["a.mkv", "a.webm", "a.mp4", "a.mov"])
@pytest.mark.parametrize("fps", [10, 30, 60, 120])
def test_of_a_variable_rate_the_frame_that_is_shown_is_read(tmp_path, name, fps):
    # As fast as it can be, then at half the rate, then a picture that stands for a second.
    times = [*range(20), *range(20, 40, 2), *range(40 + fps, 60 + fps)]
    path = write_video(tmp_path / name, [numbered(t % 256) for t in times], fps, times=times)
    video = probe(path)
    assert video.fps == pytest.approx(fps, rel=0.01)
    assert video.n_frames == 60 + fps and len(video.gaps) == 1
    for start, end in ((0, 60 + fps), (17, 33), (39, 45), (50 + fps, 60 + fps)):
        for number, frame in read_frames(path, start, end, video):
            assert number_of(frame) == max(t for t in times if t <= number) % 256
    assert not video.shows_something(42, 45) and video.shows_something(35, 45)


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.ts"])
@pytest.mark.parametrize("late", [7, 500])
def test_time_counts_from_when_a_player_starts(tmp_path, name, late):
    path = write_video(tmp_path / name, 30, times=[late + n for n in range(30)])
    assert [n for n, _ in read_frames(path, 10, 12)] == [10, 11]
    assert numbers(frame for _, frame in read_frames(path, 10, 12)) == [10, 11]


def test_where_sound_starts_first_the_picture_comes_later(tmp_path):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libx264", rate=24)
        pictures.width = pictures.height = 32
        pictures.pix_fmt = "yuv420p"
        sound = container.add_stream("pcm_s16le", rate=8000)
        samples = np.zeros((1, 16000), np.int16)
        block = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        block.sample_rate, block.pts = 8000, 0
        container.mux(sound.encode(block))
        for number in range(24):
            picture = av.VideoFrame.from_ndarray(numbered(number), format="rgb24")
            picture.pts = 12 + number
            container.mux(pictures.encode(picture))
        container.mux(pictures.encode())
    video = probe(path)
    assert (video.n_frames, video.gaps) == (36, ((0, 12),))
    assert numbers(frame for _, frame in read_frames(path, 20, 23, video)) == [8, 9, 10]


@pytest.mark.parametrize("back", [30, 60])
def test_after_time_stamps_that_jump_back_time_goes_on(tmp_path, back):
    first = write_video(tmp_path / "1.ts", 60, times=[n + 100 for n in range(60)])
    times = [n + 160 - back for n in range(60)]
    second = write_video(tmp_path / "2.ts", [numbered(60 + n) for n in range(60)], times=times)
    path = tmp_path / "both.ts"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    video = probe(path)
    assert (video.n_frames, video.in_order) == (120, False)
    found = [(number, number_of(frame)) for number, frame in read_frames(path, 55, 66, video)]
    assert found == [(number, number) for number in range(55, 66)]
    assert numbers(read_frames_near(path, [10, 70], video)) == [10, 70]


def test_time_stamps_that_leap_are_refused(tmp_path):
    path = write_video(tmp_path / "a.mkv", 4, times=[0, 1, 2, 10**6])
    with pytest.raises(VideoError, match="leap by 41667 s"):
        probe(path)


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.ts"])
def test_where_a_file_is_damaged_no_frames_are_made_up(tmp_path, name):
    path = write_video(tmp_path / name, noise(60), keyframes=5)
    content = bytearray(path.read_bytes())
    third = len(content) // 3
    for at in range(third, 2 * third, 188):
        content[at + 16 : at + 188] = bytes(172)
    path.write_bytes(content)
    video = probe(path)
    if name == "a.mp4":  # its index still has the frames
        with pytest.raises(VideoError, match="only .* frames from 0.00 s on can be decoded"):
            list(read_frames(path, video=video))
    else:
        assert not video.shows_something(25, 35)
    assert len(list(read_frames(path, 45, 60, video))) == 15


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov"])
def test_the_rotation_of_the_container_is_applied(tmp_path, name, rotation):
    frame = np.zeros((48, 64, 3), np.uint8)
    frame[:16, :16] = (255, 0, 0)
    frame[32:, 48:] = (0, 255, 0)
    path = write_video(tmp_path / name, [frame] * 3, rotation=rotation)
    upright = np.rot90(frame, rotation // 90)
    video = probe(path)
    assert (video.height, video.width) == upright.shape[:2]
    for (_, read), near in zip(
        read_frames(path, video=video), read_frames_near(path, [0, 1, 2], video), strict=False
    ):
        assert np.abs(read.astype(int) - upright).mean() < 8
        assert np.abs(near.astype(int) - upright).mean() < 8
        assert read.flags["C_CONTIGUOUS"]


@pytest.mark.parametrize(
    ("pix_fmt", "height", "width"),
    [("yuv420p10le", 48, 64), ("yuv444p", 47, 63), ("yuv422p", 64, 36), ("yuv420p", 480, 270)],
)
def test_pictures_of_any_kind(tmp_path, pix_fmt, height, width):
    frames = [numbered(n, height, width) for n in range(10)]
    path = write_video(tmp_path / "a.mkv", frames, pix_fmt=pix_fmt)
    assert (probe(path).height, probe(path).width) == (height, width)
    assert numbers(frame for _, frame in read_frames(path)) == list(range(10))


@pytest.mark.parametrize(("height", "width"), [(2, 2), (14, 64), (16, 8200)])
def test_impossible_sizes_are_refused(tmp_path, height, width):
    path = write_video(tmp_path / "a.mkv", [np.zeros((height, width, 3), np.uint8)] * 2)
    with pytest.raises(VideoError, match=f"{width}x{height} pixels"):
        probe(path)
