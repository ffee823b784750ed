"""Outputs that are whole or absent, hashes, and names that stay in their folder."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError

# Linux file names hold 255 bytes; the margin is for ".json", ".mp4" and a temporary suffix.
MAX_NAME_BYTES = 200


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, renamed to it only if the block ends well.

    A killed writer leaves at most a hidden `.{name}.*` file, which no rule reads. The
    temporary name keeps the suffix, so libraries that look at it still recognise the format.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        prefix=f".{path.stem[:60]}.", suffix=path.suffix, dir=path.parent
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        # mkstemp makes private files; outputs get what the umask allows, as open() would.
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, whole or not at all."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented UTF-8 JSON; NaN is refused, because JSON has none."""
    with atomic_write(path) as temporary:
        text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file as 64 hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def require_file(path: Path, what: str) -> Path:
    """Return `path` if it is a file.

    Raises:
        UserError: it is missing or not a file; `what` says what should be there.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{what} not found: {path} is missing or not a file.")
    return path


def safe_name(name: str) -> str:
    """Return `name` if it can be one file's name inside a folder.

    Raises:
        UserError: it is empty, `.` or `..`, holds a path separator or a control character,
            or is too long for a file system.
    """
    problem = None
    if name in ("", ".", ".."):
        problem = "is not a file name"
    elif "/" in name or "\\" in name or any(ord(char) < 32 for char in name):
        problem = "holds a path separator or a control character"
    elif len(name.encode("utf-8")) > MAX_NAME_BYTES:
        problem = f"is longer than {MAX_NAME_BYTES} bytes"
    if problem:
        raise UserError(f"The name {name[:80]!r} {problem}; rename it in the annotations.")
    return name
