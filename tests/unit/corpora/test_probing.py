"""Probing: every file once, and again only when it has changed."""

import os

from frame_corpora import write_pictures
from small_files import truncate, write_video

from sonar_sign.core.video import VideoError, VideoInfo
from sonar_sign.corpora.probing import probe_all


def spoil(path):
    """Change a file's content, keeping its size and its time of change."""
    status = path.stat()
    path.write_bytes(bytes(status.st_size))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_what_is_known_is_not_looked_at_again(tmp_path):
    write_video(tmp_path / "a.mp4", 24)
    truncate(write_video(tmp_path / "cut.mp4", 72), 0.5)
    cache = tmp_path / "probes/train.tsv"
    first = probe_all(tmp_path, ["a.mp4", "cut.mp4", "a.mp4"], 2, cache)
    assert first["a.mp4"] == VideoInfo(24, 24.0, 32, 32, "h264")
    spoil(tmp_path / "a.mp4")
    again = probe_all(tmp_path, ["a.mp4", "cut.mp4"], 2, cache)
    assert again["a.mp4"] == first["a.mp4"]
    assert isinstance(again["cut.mp4"], VideoError)
    assert (again["cut.mp4"].reason, again["cut.mp4"].detail) == (
        first["cut.mp4"].reason,
        first["cut.mp4"].detail,
    )


def test_a_changed_file_is_looked_at_again(tmp_path):
    cache = tmp_path / "probes.tsv"
    write_video(tmp_path / "a.mp4", 24)
    probe_all(tmp_path, ["a.mp4"], 1, cache)
    write_video(tmp_path / "a.mp4", 36)
    assert probe_all(tmp_path, ["a.mp4"], 1, cache)["a.mp4"].n_frames == 36
    spoil(tmp_path / "a.mp4")
    os.utime(tmp_path / "a.mp4")
    assert isinstance(probe_all(tmp_path, ["a.mp4"], 1, cache)["a.mp4"], VideoError)


def test_a_broken_memory_is_no_memory(tmp_path):
    write_video(tmp_path / "a.mp4", 24)
    cache = tmp_path / "probes.tsv"
    for text in ("", "nonsense", "source\tsize\n"):
        cache.write_text(text)
        assert probe_all(tmp_path, ["a.mp4"], 1, cache)["a.mp4"].n_frames == 24


def test_a_frame_rate_that_is_a_fraction_survives(tmp_path):
    from fractions import Fraction

    write_video(tmp_path / "a.mp4", 24, fps=Fraction(30000, 1001))
    cache = tmp_path / "probes.tsv"
    first, again = (probe_all(tmp_path, ["a.mp4"], 1, cache)["a.mp4"] for _ in range(2))
    assert first == again
    assert first.fps == 30000 / 1001


def test_without_a_memory(tmp_path):
    assert isinstance(probe_all(tmp_path, ["none.mp4"], 1)["none.mp4"], VideoError)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_pictures_is_probed_again_when_a_picture_comes_or_goes(tmp_path):
    cache = tmp_path / "probes.tsv"
    folder = write_pictures(tmp_path / "a", 12)

    def probed(fps=30.0):
        return probe_all(tmp_path, ["a"], 1, cache, {"a": fps})["a"]

    assert probed() == VideoInfo(12, 30.0, 32, 32, "pictures")
    content = (folder / "images0012.png").read_bytes()
    spoil(folder / "images0003.png")
    assert probed(25.0) == VideoInfo(12, 25.0, 32, 32, "pictures")  # the rate is nobody's memory
    (folder / "images0012.png").unlink()
    assert isinstance(probed(), VideoError)
    write_pictures(folder, 12)
    (folder / "images0013.png").write_bytes(content)
    os.utime(folder)
    assert probed().n_frames == 13
