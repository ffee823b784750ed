"""Where translations are written, and what is left when the program ends in the middle."""

import io
import os
import threading
from pathlib import Path

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.translation.result_files import ResultFiles, ResultOptions
from sonar_sign.translation.results import Translation


def translation(video="a.mp4"):
    return Translation(Path(video), "tiny", 0.0, 1.0, {"eng_Latn": []}, signed=False)


def files(output, *videos, format="text", stream=None):
    paths = [Path(video) for video in videos or ("a.mp4",)]
    return ResultFiles(output, paths, ResultOptions(format), stream or io.StringIO())


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, MemoryError])
def test_what_was_translated_before_a_crash_is_kept(tmp_path, capsys, error):
    output = tmp_path / "out.txt"
    output.write_text("good")
    with pytest.raises(error), files(output) as written:
        written.write(translation())
        raise error
    assert output.read_text() == "good"
    (partial,) = tmp_path.glob("out.txt.*.partial")
    assert partial.read_text().startswith("a.mp4\t0.00-1.00\teng_Latn")
    assert str(partial) in capsys.readouterr().err


def test_results_can_be_read_while_the_next_video_is_translated(tmp_path):
    with files(tmp_path / "out.txt") as written:
        written.write(translation())
        (partial,) = tmp_path.iterdir()
        assert partial.read_text().count("\n") == 1
        written.write(translation())
        assert partial.read_text().count("\n") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]


def test_nothing_translated_replaces_nothing(tmp_path):
    (tmp_path / "out.txt").write_text("good")
    with files(tmp_path / "out.txt"):
        pass
    assert (tmp_path / "out.txt").read_text() == "good"


def test_a_pipe_is_written_through(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    found = []
    reader = threading.Thread(target=lambda: found.append((tmp_path / "pipe").read_text()))
    reader.start()
    with files(tmp_path / "pipe") as written:
        written.write(translation())
    reader.join(timeout=10)
    assert found[0].count("\n") == 1
    assert (tmp_path / "pipe").is_fifo()


def test_a_picture_of_a_video_is_not_replaced(tmp_path):
    (tmp_path / "frames").mkdir()
    picture = tmp_path / "frames/1.png"
    picture.write_bytes(b"x")
    with pytest.raises(UserError, match="is a video that is translated"):
        files(picture, tmp_path / "frames")
    assert files(tmp_path / "out.txt", tmp_path / "frames")
