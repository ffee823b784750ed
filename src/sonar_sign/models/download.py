"""Downloads that resume: an interrupted one goes on in the same run or a later one.

It goes on only if the server says that the file has not changed, or if a hash is known that the
whole will be compared with.
"""

import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import requests
from rich.console import Console
from rich.progress import DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn
from urllib3.exceptions import HTTPError, ReadTimeoutError

from sonar_sign.core.errors import UserError
from sonar_sign.models.expected import Expected, problem_of
from sonar_sign.models.registry import PublicFile

CHUNK_BYTES = 1 << 16
MAX_WAIT_S = 60.0
# HTTP status codes after which another request may succeed.
RETRYABLE_STATUS = {408, 425, 429, 500, 502, 503, 504}


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


class GivenUpError(Exception):
    """All attempts failed; the text is a clause that says how."""


class OtherSizeError(Exception):
    """The server's file has another size than expected; the text is a clause that says so."""


class _RetryableError(Exception):
    """A failure after which another attempt may succeed."""


def metadata_path(partial: Path) -> Path:
    """File with the address of a partial download and the server's identifier of its version."""
    return partial.with_name(partial.name + ".json")


def download(
    file: IO[bytes], address: str, entry: PublicFile, expected: Expected, options: FetchOptions
) -> None:
    """Download to `file`, resuming after its present content if possible.

    Raises:
        GivenUpError: no attempt succeeded. What has arrived stays in the file.
        OtherSizeError: nothing was downloaded, because the size is not `expected.size`.
        UserError: the address is no address, or answers with something else than a file.
    """
    best, failures = 0, 0
    console = Console(stderr=True)
    columns = (*Progress.get_default_columns()[:2], DownloadColumn(), TransferSpeedColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(entry.file, total=expected.size)
        while True:
            try:
                for done, total in _attempt(file, address, expected, options):
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
                    raise GivenUpError(
                        f"{address} cannot be downloaded ({_reason(error)})"
                    ) from error
                time.sleep(min(options.backoff_s * 2 ** (failures - 1), MAX_WAIT_S))


def _reason(error: Exception) -> str:
    if isinstance(error, _RetryableError):
        return str(error)
    # The messages of requests are chains of nested exceptions.
    silent = isinstance(error, (requests.Timeout, ReadTimeoutError))
    return "no answer in time" if silent else "no connection, or it was interrupted"


def _attempt(
    file: IO[bytes], address: str, expected: Expected, options: FetchOptions
) -> Iterator[tuple[int, int | None]]:
    """One request; yields (bytes so far, total bytes) and ends when the file is complete."""
    metadata = metadata_path(Path(file.name))
    have = file.seek(0, os.SEEK_END)
    headers = _headers(have, _known_version(metadata, address), expected.sha256)
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
        # read1 returns what has arrived; iter_content would lose the last incomplete chunk when
        # the connection breaks.
        chunk = answer.raw.read1(CHUNK_BYTES)
        if start == 0 and chunk and (problem := problem_of(chunk)):
            # What an earlier attempt brought is kept: this page says nothing about it.
            raise UserError(f"What {address} sends is no model: {problem}.")
        if None not in (expected.size, total) and total != expected.size:
            raise OtherSizeError(
                f"{address} has {total} bytes instead of {expected.size} ({expected.origin})"
            )
        file.truncate(start)
        _require_space(Path(file.name), total, start)
        known = {"address": address, "version": _version(answer)}
        metadata.write_text(json.dumps(known), encoding="utf-8")
        done = start
        yield done, total
        while chunk:
            file.write(chunk)
            done += len(chunk)
            yield done, total
            chunk = answer.raw.read1(CHUNK_BYTES)
        file.flush()
    size = expected.size if total is None else total
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
