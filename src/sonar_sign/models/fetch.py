"""`fetch_model`: public files, downloaded whole and checked, or copied from where they already are.

A download that is cut goes on where it stopped, in the same run or a later one, if the server
says that the file is still the same. Nothing takes its final name before it is whole and checked.
"""

import bz2
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import IO

import requests
import yaml
from rich.console import Console
from rich.progress import DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn
from urllib3.exceptions import HTTPError, ReadTimeoutError

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import atomic_write, require_file, sha256_of
from sonar_sign.core.wording import nearest

CHUNK_BYTES = 1 << 16
MAX_WAIT_S = 60.0
# The server is asked again only where it may answer differently.
PASSING_STATUS = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True)
class PublicFile:
    """An entry of `registry.yaml`, which explains the fields."""

    file: str
    address: str
    size: int | None
    sha256: str | None
    verified: bool
    source: str
    compression: str | None = None


@dataclass(frozen=True)
class FetchOptions:
    """How patiently a file is downloaded."""

    attempts: int = 6
    """Attempts in a row that bring next to nothing new before giving up."""
    progress_bytes: int = 1 << 20
    """What is more than next to nothing."""
    backoff_s: float = 1.0
    """Wait after the first of these; it doubles with each, up to a minute."""
    stall_s: float = 30.0
    """A connection that is silent for so long counts as cut."""


class _PassingError(Exception):
    """Something that another attempt may mend."""


@cache
def registry() -> dict[str, PublicFile]:
    """All public files by name."""
    text = resources.files(__package__).joinpath("registry.yaml").read_text(encoding="utf-8")
    return {name: PublicFile(**fields) for name, fields in yaml.safe_load(text).items()}


def fetch_model(
    name: str,
    destination: Path,
    source: str | Path | None = None,
    *,
    sha256: str | None = None,
    options: FetchOptions = FetchOptions(),  # noqa: B008 (frozen)
) -> None:
    """Put a public file at `destination`; one that is already there is only checked.

    Args:
        name: a key of `registry.yaml`.
        destination: the file to be, not a folder.
        source: a local file or another http(s) address to take it from, checked all the same.
        sha256: the hash to check, instead of the registry's.

    Raises:
        UserError: the name is unknown; the source is missing or cannot be reached; or the content
            is not what it should be. What was downloaded with a wrong hash is kept beside the
            destination as `*.wrong-sha256`, so that it can be looked at.
    """
    entry = _entry(name)
    destination = Path(destination)
    expected = sha256 or entry.sha256
    if destination.is_dir():
        raise UserError(f"{destination} is a folder; name the file that {name} should become.")
    if destination.exists():
        # What was unpacked cannot be compared with the hash of the packed file.
        if entry.compression is None:
            _check_hash(destination, destination, entry, expected)
        return
    source = str(source or entry.address)
    if "://" not in source:
        local = require_file(Path(source).expanduser(), f"The local file for {name}")
        with atomic_write(destination) as temporary:
            shutil.copyfile(local, temporary)
            if expected and (found := sha256_of(temporary)) != expected:
                raise UserError(f"{local} is not {name}: {_difference(found, expected, entry)}.")
            _unpack(temporary, temporary, entry)
        return
    if not source.startswith(("http://", "https://")):
        raise UserError(f"{source} is neither a local file nor an http or https address.")
    destination.parent.mkdir(parents=True, exist_ok=True)
    partial = destination.with_name(f".{destination.name}.partial")
    with _locked(partial) as file:
        _download(file, source, entry, expected, destination, options)
        os.fsync(file.fileno())
        _check_hash(partial, destination, entry, expected)
        if entry.compression:
            with atomic_write(destination) as temporary:
                _unpack(partial, temporary, entry)
            partial.unlink()
        else:
            os.replace(partial, destination)
        _notes_path(partial).unlink(missing_ok=True)


def _entry(name: str) -> PublicFile:
    known = registry()
    if name not in known:
        raise UserError(f"There is no public file {name!r}: {nearest(name, known)}.")
    return known[name]


@contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    """The partial file, open for writing by this process alone."""
    with open(path, "ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"Another process is downloading to {path}; wait for it.") from None
        yield file


def _check_hash(path: Path, destination: Path, entry: PublicFile, expected: str | None) -> None:
    if expected is None or (found := sha256_of(path)) == expected:
        return
    aside = destination.with_name(destination.name + ".wrong-sha256")
    os.replace(path, aside)
    _notes_path(path).unlink(missing_ok=True)
    raise UserError(
        f"{destination} did not become {entry.file}: {_difference(found, expected, entry)}. What "
        f"came is kept as {aside}; look at it, delete it and fetch again."
    )


def _difference(found: str, expected: str, entry: PublicFile) -> str:
    doubt = ""
    if expected == entry.sha256 and not entry.verified:
        doubt = " (a hash that this project could not verify itself)"
    return f"its SHA-256 is {found} instead of {expected}{doubt}"


def _unpack(packed: Path, unpacked: Path, entry: PublicFile) -> None:
    """Undo the entry's compression; a local file may be unpacked already."""
    if entry.compression is None:
        return
    with open(packed, "rb") as file:
        if file.read(3) != b"BZh":
            if packed != unpacked:
                raise UserError(f"{entry.address} gave no bz2 file; see {packed}.")
            return
    try:
        content = bz2.decompress(packed.read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(f"{packed} is a damaged bz2 file ({error}).") from error
    unpacked.write_bytes(content)


def _notes_path(partial: Path) -> Path:
    """What is remembered of a partial file: its address and the server's mark for its version."""
    return partial.with_name(partial.name + ".json")


def _download(
    file: IO[bytes],
    address: str,
    entry: PublicFile,
    sha256: str | None,
    destination: Path,
    options: FetchOptions,
) -> None:
    """Fill `file`, going on with what it holds where that is possible."""
    best, failures = 0, 0
    console = Console(stderr=True)
    columns = (*Progress.get_default_columns()[:2], DownloadColumn(), TransferSpeedColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(entry.file, total=entry.size)
        while True:
            try:
                for done, total in _attempt(file, address, entry, sha256, options):
                    progress.update(task, completed=done, total=total)
                return
            except (requests.exceptions.InvalidURL, requests.TooManyRedirects) as error:
                raise UserError(f"{address} is no usable address ({error}).") from error
            except (_PassingError, requests.RequestException, HTTPError) as error:
                reached = file.seek(0, os.SEEK_END)
                if reached >= best + options.progress_bytes:
                    best, failures = reached, 0
                failures += 1
                if failures >= options.attempts:
                    raise UserError(_given_up(error, address, entry, destination)) from error
                time.sleep(min(options.backoff_s * 2 ** (failures - 1), MAX_WAIT_S))


def _given_up(error: Exception, address: str, entry: PublicFile, destination: Path) -> str:
    reason = str(error)
    if not isinstance(error, _PassingError):
        # Their own texts are chains of nested exceptions.
        silent = isinstance(error, (requests.Timeout, ReadTimeoutError))
        reason = "no answer in time" if silent else "no connection, or it broke off"
    return (
        f"{address} cannot be downloaded ({reason}); without network, get {entry.address} on "
        f"another machine and put it at {destination}"
        + (", unpacked." if entry.compression else ".")
    )


def _attempt(
    file: IO[bytes], address: str, entry: PublicFile, sha256: str | None, options: FetchOptions
) -> Iterator[tuple[int, int | None]]:
    """One request; yields (bytes so far, bytes in all) and ends when the file is whole."""
    notes_path = _notes_path(Path(file.name))
    have = file.seek(0, os.SEEK_END)
    mark = _mark_of(notes_path, address)
    headers = {"Accept-Encoding": "identity"}
    if have and mark:
        # If-Range: the rest only if the file is still the one that the mark stands for.
        headers |= {"Range": f"bytes={have}-", "If-Range": mark}
    elif have and sha256:
        # Where the file may have changed, the hash would tell.
        headers |= {"Range": f"bytes={have}-"}
    with requests.get(address, headers=headers, stream=True, timeout=options.stall_s) as answer:
        if answer.status_code in PASSING_STATUS:
            raise _PassingError(f"status {answer.status_code} {answer.reason}")
        if answer.status_code == 416:
            if answer.headers.get("Content-Range") == f"bytes */{have}":
                return  # an earlier run was stopped after the last byte
            file.truncate(0)
            raise _PassingError("the server has no more of this file")
        if answer.status_code not in (200, 206):
            raise UserError(
                f"{address} answered {answer.status_code} {answer.reason}: check the address, or "
                "name a mirror or a local file in its place."
            )
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise UserError(
                f"{address} sends the file compressed though asked not to; use another."
            )
        start, total = _place(answer)
        if start not in (0, have):
            file.truncate(0)
            raise _PassingError(
                f"asked for bytes from {have} on, the server sent them from {start} on"
            )
        file.truncate(start)
        if entry.size is not None and total is not None and total != entry.size:
            raise UserError(f"{address} has {total} bytes instead of {entry.size}: another file.")
        _require_space(Path(file.name), total, start)
        notes = {"address": address, "mark": _mark(answer)}
        notes_path.write_text(json.dumps(notes), encoding="utf-8")
        done = start
        yield done, total
        # read1 gives what has come; iter_content would lose the last incomplete chunk in a cut.
        while chunk := answer.raw.read1(CHUNK_BYTES):
            file.write(chunk)
            done += len(chunk)
            yield done, total
        file.flush()
    size = entry.size if total is None else total
    if size is not None and done != size:
        if done > size:
            file.truncate(0)
        raise _PassingError(f"{done} of {size} bytes came")


def _place(answer: requests.Response) -> tuple[int, int | None]:
    """Where the answer's content begins in the file, and the file's size if it is told."""
    if answer.status_code == 206:
        try:
            unit, _, rest = answer.headers["Content-Range"].partition(" ")
            span, _, total = rest.partition("/")
            return int(span.partition("-")[0]), None if total == "*" else int(total)
        except (KeyError, ValueError) as error:
            raise _PassingError("a partial answer that does not say which part it is") from error
    length = answer.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else None


def _mark(answer: requests.Response) -> str | None:
    """What stands for this version of the file; a weak ETag may not be used for ranges."""
    tag = answer.headers.get("ETag", "")
    if tag and not tag.startswith("W/"):
        return tag
    return answer.headers.get("Last-Modified")


def _mark_of(notes_path: Path, address: str) -> str | None:
    try:
        notes = json.loads(notes_path.read_text(encoding="utf-8"))
        return notes["mark"] if notes["address"] == address else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _require_space(path: Path, total: int | None, have: int) -> None:
    free = shutil.disk_usage(path.parent).free
    if total is not None and total - have > free:
        raise UserError(
            f"{path.parent} has {free / 1e9:.1f} GB free, {(total - have) / 1e9:.1f} are needed."
        )
