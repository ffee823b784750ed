"""Outputs that are whole or absent, hashes, and names that stay in their folder."""

import hashlib
import json
import os
import stat
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.outputs import Target, refuse_inputs, write_through

# Linux file names hold 255 bytes; the margin is for ".json", ".mp4" and a temporary suffix.
MAX_NAME_BYTES = 200


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, renamed to it only if the block ends well.

    A symbolic link stays, and what it leads to is replaced. A device or a pipe is written to when
    the block ends. A killed writer leaves at most a hidden `.{name}.*` file, which no rule reads.
    The temporary name keeps the suffix, so libraries that look at it still recognise the format.

    Raises:
        UserError: `path` cannot be a file, or is one that this command reads.
    """
    target = Target.of(path)
    target.check()
    refuse_inputs(target)
    if target.is_stream:
        with tempfile.TemporaryDirectory() as folder:
            temporary = Path(folder) / f"output{target.path.suffix}"
            temporary.touch()
            yield temporary
            write_through(temporary, target)
        return
    temporary = _temporary_beside(target)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        _adopt_permissions(temporary, target.path)
        with _named(target.given):
            os.replace(temporary, target.path)
    finally:
        temporary.unlink(missing_ok=True)


def _temporary_beside(target: Target) -> Path:
    path = target.path
    # Names are cut by bytes: a file system's limit is 255 of them.
    stem = os.fsencode(path.stem)[:60].decode("utf-8", "ignore")
    suffix = path.suffix if len(os.fsencode(path.suffix)) <= 20 else ""
    with _named(target.given):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{stem}.", suffix=suffix, dir=path.parent)
    os.close(handle)
    return Path(name)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Errors of the file system name the output, not its temporary file."""
    try:
        yield
    except FileNotFoundError as error:
        raise UserError(f"{path} cannot be written: its folder cannot be made.") from error
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _adopt_permissions(temporary: Path, path: Path) -> None:
    """Those of the file that is replaced; of a new one, what the umask allows, as open() would."""
    try:
        before = path.stat()
    except FileNotFoundError:
        # mkstemp makes private files.
        os.chmod(temporary, 0o666 & ~_umask())
        return
    with suppress(PermissionError):
        os.chown(temporary, before.st_uid, before.st_gid)
    os.chmod(temporary, stat.S_IMODE(before.st_mode))


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


def require_folder(path: Path, what: str) -> Path:
    """Return `path` if it is a folder that may be read.

    Raises:
        UserError: it is missing, something else, or closed; `what` says what should be there.
    """
    path = Path(path)
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        raise UserError(f"{what} {path} is not a folder: it does not exist.") from None
    except OSError as error:
        raise UserError(f"{what} {str(path)[:100]} cannot be opened ({error.strerror}).") from error
    if not stat.S_ISDIR(mode):
        kind = "a file" if stat.S_ISREG(mode) else "a pipe or a device"
        raise UserError(f"{what} {path} is not a folder but {kind}.")
    if not os.access(path, os.R_OK | os.X_OK):
        raise UserError(f"{what} {path} may not be read; change its permissions.")
    return path


def unusable_character(name: str) -> str | None:
    """The first character that a name of a file should not have: control characters, line breaks.

    Half a character, as Python reads bytes that are no UTF-8, is one too.
    """
    bad = (char for char in name if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp"))
    return next(bad, None)


def safe_name(name: str) -> str:
    """Return `name` if it can be one file's name inside a folder.

    Raises:
        UserError: it is empty, `.` or `..`, holds a path separator or a control character,
            or is too long for a file system.
    """
    problem = None
    if name in ("", ".", ".."):
        problem = "is not a file name"
    elif "/" in name or "\\" in name or unusable_character(name) is not None:
        problem = "holds a path separator or a control character"
    elif len(name.encode("utf-8")) > MAX_NAME_BYTES:
        problem = f"is longer than {MAX_NAME_BYTES} bytes"
    if problem:
        raise UserError(f"The name {name[:80]!r} {problem}; rename it in the annotations.")
    return name
