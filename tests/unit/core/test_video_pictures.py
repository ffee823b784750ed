"""Folders of pictures as videos: in order, complete, of one size, or refused in a sentence."""

import os
import zlib

import numpy as np
import pytest
from PIL import Image
from small_files import number_of, numbered

from sonar_sign.core.video import VideoError, probe, read_frames, read_frames_near


def write_frames(folder, names, size=(32, 48)):
    """One picture a name; picture n shows the number n."""
    folder.mkdir(parents=True, exist_ok=True)
    for n, name in enumerate(names):
        Image.fromarray(numbered(n, *size)).save(folder / name, quality=95)
    return folder


def numbers(frames):
    return [number_of(frame) for _, frame in frames]


@pytest.mark.parametrize(
    "names",
    [
        [f"images{n:04d}.png" for n in range(1, 13)],
        [f"{n}.jpg" for n in range(12)],
        [f"frame{n}.JPEG" for n in range(95, 107)],
        [f"シ {{n}} $(x) 'é' {n}.png" for n in range(12)],
        [f"f_{n}.png" if n % 2 else f"f_{n}.jpg" for n in range(12)],
        [f"{chr(ord('a') + n)}.png" for n in range(12)],
        [f"{n // 6}-{n % 6}.png" for n in range(12)],
    ],
    ids=["phoenix", "csl", "upper case", "odd", "both kinds", "letters", "two numbers"],
)
def test_frames_are_in_natural_order(tmp_path, names):
    folder = write_frames(tmp_path / "a.b {c}", names)
    (folder / "Thumbs.db").write_bytes(b"x")
    (folder / "._images0001.png").write_bytes(b"x")
    (folder / "more").mkdir()
    video = probe(folder)
    assert (video.n_frames, video.fps, video.width, video.height) == (12, 25, 48, 32)
    assert numbers(read_frames(folder)) == [*range(12)]
    assert numbers(read_frames(folder, 3, 5)) == [3, 4]
    assert numbers(read_frames(folder, 10, 99)) == [10, 11]
    assert [number for number, _ in read_frames(folder, 10)] == [10, 11]
    assert [number_of(frame) for frame in read_frames_near(folder, [0, 7, 11, 12])] == [0, 7, 11]


def test_whoever_reads_it_says_the_frame_rate(tmp_path):
    video = probe(write_frames(tmp_path / "a", ["1.png", "2.png", "3.png"]), 30)
    assert video.fps == 30 and video.duration_s == pytest.approx(0.1)
    assert video.shows_something(0, 3)


def cut(path):
    path.write_bytes(path.read_bytes()[:-40])


def pipe(path):
    path.unlink()
    os.mkfifo(path)


def smaller(path):
    Image.new("RGB", (48, 30)).save(path)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (os.unlink, "a frame is missing between 09.{} and 11.{}"),
        (lambda p: p.rename(p.with_stem("13")), "a frame is missing between 09.{} and 11.{}"),
        (lambda p: p.rename(p.with_stem("009")), "009.{} and 09.{} are the same frame"),
        (lambda p: p.rename(p.with_stem("cover")), "01.{} and cover.{} are named in different"),
        (lambda p: p.write_bytes(b""), "10.{}: it is no PNG or JPEG"),
        (lambda p: p.write_bytes(b"GIF89a" + bytes(99)), "10.{}: it is no PNG or JPEG"),
        (cut, "10.{} is cut off"),
        (pipe, "10.{} is not a file"),
        (lambda p: (p.unlink(), p.symlink_to("gone")), "10.{} is not a file"),
        (smaller, "10.{} has 48x30 pixels and 01.{} 48x32; all frames must have one size"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path, change, detail, suffix):
    folder = write_frames(tmp_path / "a", [f"{n:02d}.{suffix}" for n in range(1, 13)])
    change(folder / f"10.{suffix}")
    with pytest.raises(VideoError) as error:
        probe(folder)
    assert error.value.reason == "unreadable"
    assert detail.replace("{}", suffix) in error.value.detail


def test_a_picture_that_breaks_after_it_was_probed_is_named(tmp_path):
    folder = write_frames(tmp_path / "a", [f"{n}.png" for n in range(4)])
    content = bytearray((folder / "2.png").read_bytes())
    content[60:70] = bytes(10)
    (folder / "2.png").write_bytes(content)
    assert numbers(read_frames(folder, 0, 2)) == [0, 1]
    with pytest.raises(VideoError, match=r"2\.png"):
        list(read_frames(folder))
    smaller(folder / "2.png")
    with pytest.raises(VideoError, match=r"2\.png has 48x30"):
        list(read_frames(folder, 2))


@pytest.mark.parametrize("content", [None, "notes.txt"])
def test_a_folder_without_pictures(tmp_path, content):
    if content:
        (tmp_path / content).write_text("x")
    for read in (probe, lambda path: list(read_frames(path))):
        with pytest.raises(VideoError) as error:
            read(tmp_path)
        assert error.value.reason == "unreadable"


def test_sizes_that_no_signer_fits_in_are_refused(tmp_path):
    with pytest.raises(VideoError, match="from 16 to 8192 are possible"):
        probe(write_frames(tmp_path / "a", ["1.png"], size=(15, 40)))
    (tmp_path / "b").mkdir()
    Image.new("1", (8193, 16)).save(tmp_path / "b/1.png")
    with pytest.raises(VideoError, match="8193x16"):
        probe(tmp_path / "b")
    content = bytearray((tmp_path / "b/1.png").read_bytes())
    content[16:24] = bytes([0, 1, 0, 0, 0, 1, 0, 0])  # 65536x65536, says its header
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4)
    (tmp_path / "b/1.png").write_bytes(content)
    with pytest.raises(VideoError, match="too many pixels"):
        probe(tmp_path / "b")


def test_grey_palette_alpha_and_16_bits_become_rgb(tmp_path):
    picture = Image.fromarray(np.full((32, 48), 128, np.uint8))
    for n, mode in enumerate(["L", "P", "LA", "RGBA", "CMYK"]):
        name = f"{n}.jpg" if mode == "CMYK" else f"{n}.png"
        picture.convert(mode).save(tmp_path / name)
    Image.fromarray(np.full((32, 48), 128 * 257, np.uint16)).save(tmp_path / "5.png")
    frames = [frame for _, frame in read_frames(tmp_path)]
    assert len(frames) == 6
    for frame in frames:
        assert frame.shape == (32, 48, 3) and frame.dtype == np.uint8
        assert abs(frame.astype(int) - 128).max() <= 2


def test_a_jpeg_is_turned_as_its_camera_held_it(tmp_path):
    picture = np.zeros((32, 48, 3), np.uint8)
    picture[:, :24] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to the right
    Image.fromarray(picture).save(tmp_path / "1.jpg", exif=exif)
    video = probe(tmp_path)
    assert (video.width, video.height) == (32, 48)
    ((_, frame),) = read_frames(tmp_path)
    assert frame[:20].mean() > 240 and frame[28:].mean() < 15
