"""A fast hash of content, by which damage and mixed-up files are noticed when they are read.

XXH3 reads 30 GB/s where SHA-256 reads 1.8 (measured on the development machine), so that checking
costs less than reading the file from a disk. It is no protection against forgery: whoever can
write a file can write its hash.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import xxhash

_verified: set[tuple] = set()


class ContentHash:
    """The hash of named parts, in order: XXH3, 128 bits."""

    def __init__(self) -> None:
        self._hash = xxhash.xxh3_128()

    def add(self, name: str, kind: str, content: bytes | memoryview | np.ndarray) -> None:
        """Add one part.

        Args:
            kind: what the bytes mean, such as dtype and shape.
            content: any object with a contiguous buffer.
        """
        # Lengths keep ("ab", "c") apart from ("a", "bc").
        size = content.nbytes if isinstance(content, np.ndarray) else len(content)
        self._hash.update(f"{len(name)} {name} {len(kind)} {kind} {size} ".encode())
        self._hash.update(content)

    def add_array(self, name: str, array: np.ndarray) -> None:
        """Add an array with its dtype and shape."""
        kind = f"{array.dtype.str} {array.shape}"
        # An empty memory map has no buffer.
        self.add(name, kind, np.ascontiguousarray(array) if array.size else b"")

    def add_texts(self, name: str, texts: Iterable[str]) -> None:
        """Add a list of texts."""
        parts = [text.encode("utf-8", "surrogatepass") for text in texts]
        lengths = np.array([len(part) for part in parts], np.int64)
        self.add_array(f"{name} lengths", lengths)
        self.add(name, "utf-8", b"".join(parts))

    def hexdigest(self) -> str:
        """32 hexadecimal digits."""
        return self._hash.hexdigest()


def verify_once(paths: Sequence[Path], verify: Callable[[], None], against: str = "") -> None:
    """Call `verify`, unless it passed for these files in this process and they are unchanged.

    A file counts as unchanged while its inode, size and times are the same.

    Args:
        against: what the files are compared with, where that is not in them.
    """
    state = (against, *(_state(path) for path in paths))
    if state in _verified:
        return
    verify()
    _verified.add(state)


def _state(path: Path) -> tuple[int, ...]:
    found = os.stat(path)
    # Unlike the time of modification, that of the last change cannot be set by copying programs.
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
