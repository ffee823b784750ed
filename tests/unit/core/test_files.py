"""Outputs that are whole or absent, hashes, and names that stay in their folder."""

import json
import os
import stat

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import atomic_write, require_file, safe_name, sha256_of, write_json


def test_an_output_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "new" / "folder" / "table.tsv"
    with atomic_write(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        assert temporary.parent == path.parent
        assert temporary.name.startswith(".") and temporary.suffix == ".tsv"
    assert path.read_text() == "half"
    assert os.listdir(path.parent) == ["table.tsv"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failed_writer_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "table.tsv"
    path.write_text("before")
    with pytest.raises(error), atomic_write(path) as temporary:
        temporary.write_text("half")
        raise error
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["table.tsv"]


def test_an_output_is_as_readable_as_the_umask_allows(tmp_path):
    before = os.umask(0o027)
    try:
        with atomic_write(tmp_path / "a") as temporary:
            temporary.write_text("")
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_a_name_of_two_hundred_bytes_can_be_written(tmp_path):
    path = tmp_path / ("手" * 65 + ".json")
    with atomic_write(path) as temporary:
        temporary.write_text("x")
    assert path.exists()


def test_json_keeps_letters_and_refuses_nan(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"text": "perché"})
    assert path.read_text(encoding="utf-8") == '{\n  "text": "perché"\n}\n'
    with pytest.raises(ValueError):
        write_json(path, {"text": float("nan")})
    assert json.loads(path.read_text(encoding="utf-8")) == {"text": "perché"}


def test_sha256(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    # The example of FIPS 180-2, appendix B.1.
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_of(tmp_path / "abc") == expected


def test_a_missing_file_or_a_folder_is_named(tmp_path):
    (tmp_path / "there").write_text("")
    assert require_file(str(tmp_path / "there"), "The table") == tmp_path / "there"
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(UserError, match=f"The table not found: {path} "):
            require_file(path, "The table")


@pytest.mark.parametrize("name", ["-fZc293MpJk_0-1-rgb_front", "a b", "perché", "..a", "手" * 66])
def test_names_that_stay_in_their_folder(name):
    assert safe_name(name) == name


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "not a file name"),
        (".", "not a file name"),
        ("..", "not a file name"),
        ("../x", "path separator"),
        ("/etc/passwd", "path separator"),
        ("..\\x", "path separator"),
        ("a\0b", "control character"),
        ("a\nb", "control character"),
        ("a\x7fb", "control character"),
        ("a\x85b", "control character"),
        ("a\u2028b", "control character"),
        ("a\udcffb", "control character"),
        ("a" * 300, "longer than 200 bytes"),
        ("手" * 67, "longer than 200 bytes"),
    ],
)
def test_names_that_do_not(name, problem):
    with pytest.raises(UserError, match=problem):
        safe_name(name)
