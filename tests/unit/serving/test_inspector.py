"""What is refused before any process with models opens it."""

from dataclasses import replace

import pytest
from hostile_uploads import claiming, encoded, hostile_uploads, mutated

from sonar_sign.serving.inspector import inspect
from sonar_sign.serving.options import UploadLimits
from sonar_sign.serving.refusals import RefusedVideoError

LIMITS = UploadLimits(max_seconds=60, max_frames=90)
CODES = {
    "unreadable", "too_short", "too_long", "too_many_pixels", "too_many_frames", "no_frames",
    "too_large_to_decode",
}  # fmt: skip


def look(tmp_path, content: bytes, limits: UploadLimits = LIMITS):
    path = tmp_path / "upload"
    path.write_bytes(content)
    return inspect(path, limits)


@pytest.mark.parametrize(
    "container, codec", [("mp4", "libx264"), ("webm", "libvpx"), ("avi", "mpeg4"), ("gif", "gif")]
)
def test_what_is_known_of_a_video(tmp_path, container, codec):
    found = look(tmp_path, encoded(container, codec))
    assert (found["width"], found["height"]) == (64, 64)
    assert found["seconds"] == pytest.approx(1.0, abs=0.1) and found["frames"] >= 24


@pytest.mark.long
def test_hostile_files_are_refused_in_a_sentence(tmp_path):
    for name, content in hostile_uploads():
        with pytest.raises(RefusedVideoError) as refused:
            look(tmp_path, content)
        assert refused.value.code in CODES, name
        sentence = str(refused.value)
        assert sentence.endswith(".") and len(sentence) < 200 and "upload" not in sentence, name


@pytest.mark.parametrize("size", [(7680, 4320), (65000, 65000), (16384, 16)])
def test_a_header_that_lies_about_the_size_changes_nothing(tmp_path, size):
    assert look(tmp_path, claiming(size))["width"] == 64


def test_damaged_files_are_read_or_refused(tmp_path):
    content = encoded("webm", "libvpx")
    codes = set()
    for seed in range(12):
        try:
            look(tmp_path, mutated(content, seed))
        except RefusedVideoError as refused:
            codes.add(refused.code)
    assert codes <= CODES


@pytest.mark.parametrize(
    "limits, code",
    [
        ({"max_seconds": 0.5}, "too_long"),
        ({"max_frames": 20}, "too_many_frames"),
        ({"max_megapixels": 0.004}, "too_many_pixels"),
    ],
)
def test_each_limit_holds(tmp_path, limits, code):
    content = encoded()
    with pytest.raises(RefusedVideoError) as refused:
        look(tmp_path, content, replace(LIMITS, **limits))
    assert refused.value.code == code


def test_a_pipe_is_not_waited_for(tmp_path):
    import os

    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(RefusedVideoError, match="pipe"):
        inspect(path, LIMITS)
