"""`fetch_model`: downloads public files, or copies them from a local path, and checks them.

An interrupted download is resumed, in the same run or a later one, if the server says that the
file has not changed. A file gets its final name only when it is complete and checked.
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
# HTTP status codes after which another request may succeed.
RETRYABLE_STATUS = {408, 425, 429, 500, 502, 503, 504}


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
    """When a download is retried and when it fails."""

    attempts: int = 6
    """Number of consecutive attempts without progress before giving up."""
    progress_bytes: int = 1 << 20
    """An attempt that brings at least this many new bytes counts as progress."""
    backoff_s: float = 1.0
    """Wait after the first attempt without progress; doubles with each, up to a minute."""
    stall_s: float = 30.0
    """A connection without data for this long counts as broken."""


class _RetryableError(Exception):
    """A failure after which another attempt may succeed."""


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
    """Put a public file at `destination`; a file that already exists is only checked.

    Args:
        name: a key of `registry.yaml`.
        destination: path of the file, not a folder.
        source: a local file or another http(s) address to take the file from; checked as well.
        sha256: expected hash, instead of the registry's.

    Raises:
        UserError: the name is unknown, the source is missing or cannot be reached, or the content
            is not the expected one. A download with a wrong hash is kept beside the destination
            as `*.wrong-sha256` for inspection.
    """
    entry = _entry(name)
    destination = Path(destination)
    expected = sha256 or entry.sha256
    if destination.is_dir():
        raise UserError(
            f"{destination} is a folder; give the path of the file to write for {name}."
        )
    if destination.exists():
        # The hash is that of the compressed file, so an unpacked file cannot be checked.
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
        _metadata_path(partial).unlink(missing_ok=True)


def _entry(name: str) -> PublicFile:
    known = registry()
    if name not in known:
        raise UserError(f"There is no public file {name!r}: {nearest(name, known)}.")
    return known[name]


@contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    """Open the partial file for appending, locked against other processes."""
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
    _metadata_path(path).unlink(missing_ok=True)
    raise UserError(
        f"{destination} is not {entry.file}: {_difference(found, expected, entry)}. It is kept as "
        f"{aside}; inspect it, delete it and run the same command again."
    )


def _difference(found: str, expected: str, entry: PublicFile) -> str:
    doubt = ""
    if expected == entry.sha256 and not entry.verified:
        doubt = " (a hash that this project could not verify itself)"
    return f"its SHA-256 is {found} instead of {expected}{doubt}"


def _unpack(packed: Path, unpacked: Path, entry: PublicFile) -> None:
    """Decompress, if the entry is compressed; a local file may be decompressed already."""
    if entry.compression is None:
        return
    with open(packed, "rb") as file:
        if file.read(3) != b"BZh":
            if packed != unpacked:
                raise UserError(
                    f"The file from {entry.address} is not a bz2 file; inspect {packed}."
                )
            return
    try:
        content = bz2.decompress(packed.read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(f"{packed} is a damaged bz2 file ({error}).") from error
    unpacked.write_bytes(content)


def _metadata_path(partial: Path) -> Path:
    """File with the address of a partial download and the server's identifier of its version."""
    return partial.with_name(partial.name + ".json")


def _download(
    file: IO[bytes],
    address: str,
    entry: PublicFile,
    sha256: str | None,
    destination: Path,
    options: FetchOptions,
) -> None:
    """Download to `file`, resuming after its present content if possible."""
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
                raise UserError(f"{address} cannot be used as an address ({error}).") from error
            except (_RetryableError, requests.RequestException, HTTPError) as error:
                reached = file.seek(0, os.SEEK_END)
                if reached >= best + options.progress_bytes:
                    best, failures = reached, 0
                failures += 1
                if failures >= options.attempts:
                    raise UserError(_failure(error, address, entry, destination)) from error
                time.sleep(min(options.backoff_s * 2 ** (failures - 1), MAX_WAIT_S))


def _failure(error: Exception, address: str, entry: PublicFile, destination: Path) -> str:
    reason = str(error)
    if not isinstance(error, _RetryableError):
        # The messages of requests are chains of nested exceptions.
        silent = isinstance(error, (requests.Timeout, ReadTimeoutError))
        reason = "no answer in time" if silent else "no connection, or it was interrupted"
    return (
        f"{address} cannot be downloaded ({reason}); without network access, download "
        f"{entry.address} on another machine and put it at {destination}"
        + (", decompressed." if entry.compression else ".")
    )


def _attempt(
    file: IO[bytes], address: str, entry: PublicFile, sha256: str | None, options: FetchOptions
) -> Iterator[tuple[int, int | None]]:
    """One request; yields (bytes so far, total bytes) and ends when the file is complete."""
    metadata_path = _metadata_path(Path(file.name))
    have = file.seek(0, os.SEEK_END)
    headers = _headers(have, _known_version(metadata_path, address), sha256)
    with requests.get(address, headers=headers, stream=True, timeout=options.stall_s) as answer:
        if answer.status_code == 416:
            if answer.headers.get("Content-Range") == f"bytes */{have}":
                return  # an earlier run was stopped after the last byte
            file.truncate(0)
            raise _RetryableError("the server has no more of this file")
        _check_answer(answer, address)
        start, total = _content_range(answer)
        if start not in (0, have):
            file.truncate(0)
            raise _RetryableError(f"requested bytes from {have}, the server sent them from {start}")
        file.truncate(start)
        if entry.size is not None and total is not None and total != entry.size:
            raise UserError(
                f"{address} has {total} bytes instead of {entry.size}, so it is another file; "
                "check the address."
            )
        _require_space(Path(file.name), total, start)
        metadata = {"address": address, "version": _version(answer)}
        metadata_path.write_text(json.dumps(metadata), encoding="utf-8")
        done = start
        yield done, total
        # read1 returns what has arrived; iter_content would lose the last incomplete chunk when
        # the connection breaks.
        while chunk := answer.raw.read1(CHUNK_BYTES):
            file.write(chunk)
            done += len(chunk)
            yield done, total
        file.flush()
    size = entry.size if total is None else total
    if size is not None and done != size:
        if done > size:
            file.truncate(0)
        raise _RetryableError(f"received {done} of {size} bytes")


def _headers(have: int, version: str | None, sha256: str | None) -> dict[str, str]:
    """Request headers to continue after `have` bytes, if the result can be trusted."""
    headers = {"Accept-Encoding": "identity"}
    if have and version:
        # If-Range: send the rest only if the file still has this version.
        headers |= {"Range": f"bytes={have}-", "If-Range": version}
    elif have and sha256:
        # If the file has changed, the hash will differ.
        headers |= {"Range": f"bytes={have}-"}
    return headers


def _check_answer(answer: requests.Response, address: str) -> None:
    """Refuse an answer without the content of the file."""
    if answer.status_code in RETRYABLE_STATUS:
        raise _RetryableError(f"status {answer.status_code} {answer.reason}")
    if answer.status_code not in (200, 206):
        raise UserError(
            f"{address} answered {answer.status_code} {answer.reason}: check the address, or "
            "give a mirror or a local file instead."
        )
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise UserError(
            f"{address} sends the file compressed against the request; give another address."
        )


def _content_range(answer: requests.Response) -> tuple[int, int | None]:
    """Offset of the answer's content in the file, and the file's size if the server tells."""
    if answer.status_code == 206:
        try:
            unit, _, rest = answer.headers["Content-Range"].partition(" ")
            span, _, total = rest.partition("/")
            return int(span.partition("-")[0]), None if total == "*" else int(total)
        except (KeyError, ValueError) as error:
            raise _RetryableError(
                "the server did not say which part of the file it sent"
            ) from error
    length = answer.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else None


def _version(answer: requests.Response) -> str | None:
    """Identifier of the file's version: ETag (a weak one is not valid for ranges) or date."""
    tag = answer.headers.get("ETag", "")
    if tag and not tag.startswith("W/"):
        return tag
    return answer.headers.get("Last-Modified")


def _known_version(metadata_path: Path, address: str) -> str | None:
    try:
        metadata = json.loads(metadata_path.read_text(encoding="utf-8"))
        return metadata["version"] if metadata["address"] == address else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _require_space(path: Path, total: int | None, have: int) -> None:
    free = shutil.disk_usage(path.parent).free
    if total is not None and total - have > free:
        raise UserError(
            f"{path.parent} has {free / 1e9:.1f} GB of free space, {(total - have) / 1e9:.1f} are "
            "needed; delete something."
        )
