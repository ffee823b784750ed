"""Text files in every encoding: read right, or refused with the line."""

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.core.text_files import read_text

TEXT = "uno\nperché 🤟\u2028\x85\x0c\nעברית\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_unicode_is_read_whatever_its_form(tmp_path, encoding, end):
    (tmp_path / "t").write_bytes(TEXT.replace("\n", end).encode(encoding))
    assert read_text(tmp_path / "t") == TEXT


def test_utf16_of_either_byte_order(tmp_path):
    for name in ("utf-16-le", "utf-16-be"):
        (tmp_path / "t").write_bytes(("\ufeff" + TEXT).encode(name))
        assert read_text(tmp_path / "t") == TEXT


def test_byte_order_marks_of_joined_files_are_removed(tmp_path):
    (tmp_path / "t").write_text("\ufeff\ufeffa\n\ufeffb\nc\ufeffd\n", encoding="utf-8")
    assert read_text(tmp_path / "t") == "a\nb\nc\ufeffd\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a\nperché\n".encode("latin-1"), "not UTF-8 at byte 7, line 2; .*iconv -f WINDOWS-1252"),
        ("a\nb\n“c”\n".encode("cp1252"), "line 3"),
        ("a\nb".encode("utf-16-le"), "line 1 holds a NUL"),
        (b"a\nb\0c\n", "line 2 holds a NUL"),
        (b"a\rb\rc\r", "line 1 holds a carriage return"),
        (b"a\nb\r\r\n", "line 2 holds a carriage return"),
        ("a".encode("utf-32"), "is UTF-32"),
        (b"\xff\xfea", "damaged UTF-16"),
        (b"a\n\xed\xa0\x80\n", "not UTF-8 at byte 2, line 2"),
        (b"PK\x03\x04", "ZIP archive or an Excel workbook"),
        (b"\x1f\x8b\x08", "compressed with gzip"),
    ],
)
def test_what_would_be_altered_is_refused(tmp_path, content, words):
    (tmp_path / "t.tsv").write_bytes(content)
    with pytest.raises(UserError, match=words):
        read_text(tmp_path / "t.tsv")
