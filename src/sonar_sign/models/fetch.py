"""`fetch_model`: downloads public files, or copies them from a local path, and checks them.

A file gets its final name only when it is complete and checked. `download.py` says how an
interrupted download resumes, and `expected.py` how a file with another hash can be accepted.
"""

import bz2
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import atomic_write, require_file
from sonar_sign.models.download import (
    FetchOptions,
    GivenUpError,
    OtherSizeError,
    download,
    metadata_path,
)
from sonar_sign.models.expected import (
    Expected,
    aside_of,
    difference,
    expected_of,
    how_to_go_on,
    note_hash,
    require_content,
)
from sonar_sign.models.registry import PublicFile, public_file


@dataclass(frozen=True)
class _Wanted:
    """A public file, where it goes, and what it must be."""

    name: str
    entry: PublicFile
    destination: Path
    expected: Expected
    accept: bool


def fetch_model(
    name: str,
    destination: Path,
    source: str | Path | None = None,
    *,
    sha256: str | None = None,
    accept: bool = False,
    options: FetchOptions = FetchOptions(),  # noqa: B008 (frozen)
) -> None:
    """Put a public file at `destination`; a file that already exists is only checked.

    Args:
        name: a key of `registry.yaml`.
        destination: path of the file, not a folder.
        source: a local file or another http(s) address to take the file from; checked as well.
        sha256: expected hash, instead of the registry's.
        accept: use a file whose size or hash is not the registry's, where those are unverified,
            and remember its hash. One that was kept aside is used and not downloaded again.

    Raises:
        UserError: the name is unknown, the source is missing or cannot be reached, or the content
            is not the expected one. A download with a wrong hash is kept beside the destination
            as `*.wrong-sha256` for inspection.
    """
    entry, destination = public_file(name), Path(destination)
    if destination.exists() and not destination.is_file():
        what = "a folder" if destination.is_dir() else "no ordinary file"
        raise UserError(f"{destination} is {what}; give the path of the file to write for {name}.")
    source = entry.address if source is None else str(source)
    wanted = _Wanted(name, entry, destination, expected_of(entry, destination, sha256), accept)
    if accept:
        _require_replaceable(wanted)
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, FileNotFoundError, NotADirectoryError) as error:
        raise UserError(
            f"The folder {destination.parent} cannot be made ({error.strerror}); give another path."
        ) from error
    aside = aside_of(destination)
    if destination.exists():
        # The hash is that of the compressed file, so an unpacked file cannot be checked.
        if entry.compression is None:
            _check(wanted, destination)
    elif accept and source == entry.address and aside.is_file():
        _check(wanted, aside)
        os.replace(aside, destination)
    elif "://" not in source:
        _copy(wanted, require_file(Path(source).expanduser(), f"The local file for {name}"))
    else:
        _fetch(wanted, source, options)


def _require_replaceable(wanted: _Wanted) -> None:
    if wanted.expected.replaceable:
        return
    why = "its hash is verified" if wanted.entry.verified else "a hash was given"
    raise UserError(
        f"Another file than {wanted.name} cannot be accepted, because {why}; leave out --accept."
    )


def _copy(wanted: _Wanted, local: Path) -> None:
    with atomic_write(wanted.destination) as temporary:
        shutil.copyfile(local, temporary)
        _check(wanted, temporary, local)
        _unpack(temporary, temporary, wanted.entry, str(local))


def _fetch(wanted: _Wanted, address: str, options: FetchOptions) -> None:
    if not address.startswith(("http://", "https://")):
        raise UserError(f"{address} is neither a local file nor an http or https address.")
    destination = wanted.destination
    partial = destination.with_name(f".{destination.name}.partial")
    with _locked(partial) as file:
        size = None if wanted.accept else wanted.expected.size
        try:
            download(file, address, wanted.entry, replace(wanted.expected, size=size), options)
        except OtherSizeError as error:
            go_on = how_to_go_on(wanted.name, destination, wanted.expected, address)
            raise UserError(f"{error}. {go_on}") from error
        except GivenUpError as error:
            ending = ", decompressed" if wanted.entry.compression else ""
            raise UserError(
                f"{error}; without network access, download {wanted.entry.address} on another "
                f"machine and put it at {destination}{ending}."
            ) from error
        os.fsync(file.fileno())
        _check(wanted, partial)
        if wanted.entry.compression:
            with atomic_write(destination) as temporary:
                _unpack(partial, temporary, wanted.entry, address)
            partial.unlink()
        else:
            os.replace(partial, destination)
        metadata_path(partial).unlink(missing_ok=True)


def _check(wanted: _Wanted, path: Path, local: Path | None = None) -> None:
    """Check content and hash of a file that is here.

    Args:
        path: the file itself, its download, or a copy of `local`.
        local: the user's own file, which stays where it is whatever it holds.

    Raises:
        UserError: it is not the file. A download, or a file that was there, is kept aside.
    """
    entry, destination = wanted.entry, wanted.destination
    require_content(path, entry.file, str(local or destination), entry.compression)
    if wanted.accept:
        note_hash(path, entry, destination)
        return
    problem = difference(path, wanted.expected)
    if problem is None:
        return
    source = None if local is None else str(local)
    go_on = how_to_go_on(wanted.name, destination, wanted.expected, source)
    if local is not None:
        raise UserError(f"{local} is not {wanted.name}: {problem}. {go_on}")
    aside = aside_of(destination)
    os.replace(path, aside)
    metadata_path(path).unlink(missing_ok=True)
    raise UserError(f"{destination} is not {entry.file}: {problem}. It is kept as {aside}. {go_on}")


@contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    """Open the partial file for appending, locked against other processes."""
    with open(path, "ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"Another process is downloading to {path}; wait for it.") from None
        yield file


def _unpack(packed: Path, unpacked: Path, entry: PublicFile, source: str) -> None:
    """Decompress, if the entry is compressed; a local file may be decompressed already."""
    if entry.compression is None:
        return
    with open(packed, "rb") as file:
        if file.read(3) != b"BZh":
            if packed != unpacked:
                raise UserError(f"The file from {source} is not a bz2 file; inspect {packed}.")
            return
    try:
        content = bz2.decompress(packed.read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(f"{source} is a damaged bz2 file ({error}).") from error
    unpacked.write_bytes(content)
