"""Text files as they come: UTF-8 or marked UTF-16, and nothing that would be altered in silence."""

import codecs
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file

BOM = "\ufeff"
# What a decoder writes in place of bytes that it could not read.
REPLACEMENT = "\ufffd"
# First bytes of formats that are no text, and what to do.
_BINARY = {
    b"PK\x03\x04": "is a ZIP archive or an Excel workbook; save its table as CSV or TSV",
    b"\xd0\xcf\x11\xe0": "is an old Office document; save its table as CSV or TSV",
    b"\x1f\x8b": "is compressed with gzip; unpack it",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd; unpack it",
    b"BZh": "is compressed with bzip2; unpack it",
    b"\xfd7zXZ": "is compressed with xz; unpack it",
    b"PAR1": "is a Parquet file; this command reads text here",
    b"%PDF": "is a PDF; save its text as CSV or TSV",
    b"\x93NUMPY": "is a NumPy array; save its texts as JSON lines",
}


def read_text(path: Path, what: str = "The file") -> str:
    """The text of a file, without byte order marks, with `\\n` at the end of every line.

    U+2028, U+0085 and form feeds are characters like any other; `str.splitlines` would break
    lines there, so split at `\\n`.

    Raises:
        UserError: the file is missing, is neither UTF-8 nor UTF-16 with a byte order mark, or
            holds a NUL or a carriage return that ends no line; the line is named.
    """
    path = require_file(path, what)
    text = _decoded(path, path.read_bytes())
    if BOM in text:
        # Files that were joined have a mark at the start of later lines too.
        text = text.lstrip(BOM).replace(f"\n{BOM}", "\n")
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    for char, name, advice in (
        ("\0", "a NUL character", "save the file as UTF-8 text"),
        ("\r", "a carriage return", "remove it, or end every line with a line feed"),
    ):
        at = text.find(char)
        if at >= 0:
            raise UserError(f"{path}, line {_line(text, at)} holds {name}; {advice}.")
    return text


def _decoded(path: Path, data: bytes) -> str:
    for start, problem in _BINARY.items():
        if data.startswith(start):
            raise UserError(f"{path} {problem}.")
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise UserError(f"{path} is UTF-32; save it as UTF-8.")
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8")
    except UnicodeDecodeError as error:
        if wide:
            raise UserError(f"{path} is damaged UTF-16 at byte {error.start}.") from error
        line = data.count(b"\n", 0, error.start) + 1
        if b"\0" in data:
            raise UserError(
                f"{path} is not UTF-8 and holds NUL bytes, as UTF-16 without a byte order mark "
                "does; save it as UTF-8."
            ) from error
        raise UserError(
            f"{path} is not UTF-8 at byte {error.start}, line {line}; convert it, from Windows or "
            f"Latin-1 for example with: iconv -f WINDOWS-1252 -t UTF-8 {path.name} > NEW_FILE."
        ) from error


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
