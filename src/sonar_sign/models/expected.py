"""What a public file must be: its size and hash, or those that somebody has accepted instead.

Nobody of this project has had the public files, so the registry's sizes and hashes are other
people's. A file that differs from them can be accepted: its hash is then written beside it, as
`FILE.sha256` in the format of `sha256sum`, and goes before the registry's.
"""

import re
import shlex
import zipfile
from dataclasses import dataclass
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import sha256_of, write_text
from sonar_sign.models.registry import PublicFile

WEB_PAGE = re.compile(rb"\s*<(!doctype\s+html|html|head|body|\?xml)\b", re.IGNORECASE)
HEAD_BYTES = 512
PYTORCH_SUFFIXES = (".pt", ".pth")


@dataclass(frozen=True)
class Expected:
    """The size and hash that a file must have."""

    size: int | None
    """Bytes; None: unknown."""
    sha256: str | None
    """None: unknown."""
    origin: str
    """Who says so, for people."""
    replaceable: bool = False
    """Whether `--accept` may put another hash in its place."""


def expected_of(entry: PublicFile, destination: Path, sha256: str | None = None) -> Expected:
    """What the file at `destination` must be.

    Args:
        sha256: a hash that goes before all others.

    Raises:
        UserError: `sha256` is none, or the note of an accepted hash beside the file cannot be read.
    """
    if sha256 is not None:
        if not re.fullmatch("[0-9a-fA-F]{64}", sha256):
            raise UserError(f"{sha256!r} is no SHA-256, which has 64 hexadecimal digits.")
        return Expected(None, sha256.lower(), "the hash that was given")
    accepted = accepted_hash(destination)
    if accepted is not None and not entry.verified:
        return Expected(None, accepted, f"accepted in {note_of(destination)}", True)
    if entry.verified:
        return Expected(entry.size, entry.sha256, "the registry's hash")
    origin = "a hash that this project could not verify itself"
    return Expected(entry.size, entry.sha256, origin, True)


def note_of(destination: Path) -> Path:
    """The file that holds an accepted hash."""
    return destination.with_name(destination.name + ".sha256")


def aside_of(destination: Path) -> Path:
    """Where a file with a wrong hash is kept."""
    return destination.with_name(destination.name + ".wrong-sha256")


def accepted_hash(destination: Path) -> str | None:
    """The hash that somebody has accepted for a file; None where nobody has.

    Raises:
        UserError: the note is there and holds no hash.
    """
    note = note_of(destination)
    if not note.exists():
        return None
    content = note.read_bytes()[:HEAD_BYTES] if note.is_file() else b""
    found = re.match(rb"([0-9a-fA-F]{64})\b", content)
    if found is None:
        raise UserError(f"{note} holds no SHA-256; delete it and accept the file again.")
    return found[1].decode().lower()


def require_content(path: Path, name: str, origin: str, compression: str | None = None) -> None:
    """Refuse what cannot be a model, whatever hash is expected.

    Args:
        origin: where the content is from, for people.

    Raises:
        UserError: the file is empty, a web page, or a PyTorch archive whose end is missing.
    """
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
    if problem := problem_of(head):
        raise UserError(f"{origin} is not {name}: {problem}.")
    # Older checkpoints are no archives, and nothing tells whether they are whole.
    is_archive = compression is None and name.endswith(PYTORCH_SUFFIXES) and head.startswith(b"PK")
    if is_archive and not zipfile.is_zipfile(path):
        raise UserError(f"{origin} is not {name}: it is cut off, because its end is missing.")


def problem_of(head: bytes) -> str | None:
    """What is wrong with the first bytes of a file, in words; None: nothing."""
    if not head:
        return "it is empty"
    if WEB_PAGE.match(head.removeprefix(b"\xef\xbb\xbf")):
        return (
            "it is a web page, such as a login, a quota's or an error's, so download it by hand or "
            "name a mirror"
        )
    return None


def difference(path: Path, expected: Expected) -> str | None:
    """How a file differs from what it must be, a clause for people; None: in nothing known."""
    size = path.stat().st_size
    if expected.sha256 is not None:
        found = sha256_of(path)
        if found != expected.sha256:
            return f"its SHA-256 is {found} instead of {expected.sha256} ({expected.origin})"
    elif expected.size not in (None, size):
        return f"it has {size} bytes instead of {expected.size} ({expected.origin})"
    return None


def note_hash(path: Path, entry: PublicFile, destination: Path) -> None:
    """Note the hash of `path` as that of the file at `destination`, unless it is the registry's."""
    found = sha256_of(path)
    if found == entry.sha256:
        note_of(destination).unlink(missing_ok=True)
    else:
        # In the format of `sha256sum`, which can check it too.
        write_text(note_of(destination), f"{found}  {destination.name}\n")


def how_to_go_on(name: str, destination: Path, expected: Expected, source: str | None) -> str:
    """The sentence that follows an unexpected size or hash.

    Args:
        source: what the command needs to be told again; None where it finds the file itself.
    """
    if not expected.replaceable:
        return "Inspect it, delete it and run the same command again."
    words = ["sonar-sign", "fetch_model", "--name", name, "--output", str(destination)]
    words += ["--source", source] if source else []
    return f"If you trust where it is from, use it with: {shlex.join([*words, '--accept'])}"
