"""The zip archives that torch.save writes, checked before PyTorch maps them into memory.

PyTorch maps an archive without looking at its checksums, follows whatever sizes a pickle declares,
and inflates compressed entries. torch.save itself writes entries uncompressed, one per storage.
"""

import mmap
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from struct import Struct

from sonar_sign.core.content_hash import verify_once
from sonar_sign.core.errors import UserError

_LOCAL_HEADER = Struct("<4s22xHH")  # signature, lengths of the name and of the extra field
# What an archive holds besides tensors. The pickle of SignHiera has 0.1 MB.
MAX_PICKLE_BYTES = 64 << 20


@dataclass(frozen=True)
class _Entry:
    name: str
    start: int
    """Of its content, in bytes from the file's start."""
    size: int
    crc: int

    @property
    def is_storage(self) -> bool:
        return "/data/" in self.name


def is_archive(path: Path) -> bool:
    """Whether a file is a zip archive. Older files of torch.save are not.

    Raises:
        UserError: it begins like one and its end is missing.
    """
    with open(path, "rb") as file:
        begins = file.read(2) == b"PK"
    if begins and not _has_end(path):
        raise UserError(f"{path} is cut off: its end is missing, so fetch or write it again.")
    return begins


def _has_end(path: Path) -> bool:
    try:
        return zipfile.is_zipfile(path)
    except zipfile.BadZipFile:  # the end is there, and damaged
        return True


def check_layout(path: Path) -> Counter[int]:
    """Check how an archive is laid out, and the checksums of all entries but the tensors'.

    Returns:
        How many storages of tensors there are of each size in bytes.

    Raises:
        UserError: an entry is compressed, too large, outside the file or damaged.
    """
    entries = _entries(path)
    small = [entry for entry in entries if not entry.is_storage]
    if sum(entry.size for entry in small) > MAX_PICKLE_BYTES:
        raise _error(path, f"it holds more than {MAX_PICKLE_BYTES >> 20} MiB besides tensors")
    _check_crcs(path, small)
    return Counter(entry.size for entry in entries if entry.is_storage)


def check_checksums(path: Path) -> None:
    """Compare the checksum of every entry, once per process: 3 GB take about a second.

    Files that are no archives have no checksums and pass.

    Raises:
        UserError: an entry is damaged; else as `check_layout`.
    """
    if is_archive(path):
        verify_once([path], lambda: _check_crcs(path, _entries(path)))


def _entries(path: Path) -> list[_Entry]:
    end = path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            found = []
            for info in archive.infolist():
                if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
                    raise _error(path, f"its entry {info.filename[:80]} is compressed")
                file.seek(info.header_offset)
                signature, *lengths = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
                start = info.header_offset + _LOCAL_HEADER.size + sum(lengths)
                if signature != b"PK\3\4" or start + info.file_size > end:
                    raise _error(path, f"its entry {info.filename[:80]} is not inside the file")
                found.append(_Entry(info.filename, start, info.file_size, info.CRC))
    except UserError:
        raise
    except Exception as error:  # a broken archive makes zipfile raise nearly anything
        raise _error(path, str(error) or type(error).__name__) from error
    _require_apart(path, found)
    return found


def _require_apart(path: Path, entries: list[_Entry]) -> None:
    """No two entries share a name or bytes, so that the file holds all that it announces."""
    if len({entry.name for entry in entries}) < len(entries):
        raise _error(path, "two of its entries have the same name")
    ordered = sorted(entries, key=lambda entry: entry.start)
    for one, following in zip(ordered, ordered[1:], strict=False):
        if one.start + one.size > following.start:
            raise _error(path, f"its entries {one.name} and {following.name} overlap")


def _check_crcs(path: Path, entries: list[_Entry]) -> None:
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        memoryview(mapped) as content,
    ):
        for entry in entries:
            with content[entry.start : entry.start + entry.size] as part:
                if zlib.crc32(part) != entry.crc:
                    raise _error(path, f"the checksum of its entry {entry.name} is wrong")


def _error(path: Path, reason: str) -> UserError:
    return UserError(
        f"{path} is not a PyTorch checkpoint or damaged ({reason[:200]}); fetch or make it again."
    )
