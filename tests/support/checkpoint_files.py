"""Checkpoints changed in ways that torch.save would not, and as other programs change them."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import torch

HASH = "content_xxh3_128"


def edit(path: Path, change: Callable[[dict], object], keep_hash: bool = False) -> None:
    """Load a file, change it and save it, as another program would."""
    file = torch.load(path, weights_only=True)
    if not keep_hash:
        del file[HASH]
    change(file)
    torch.save(file, path)


def repack(
    path: Path, change: Callable[[str, bytes], bytes | None], compression: int = zipfile.ZIP_STORED
) -> None:
    """Write the archive's entries anew as `change(name, content)` gives them, checksums too."""
    with zipfile.ZipFile(path) as archive:
        entries = [(info.filename, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries:
            new = change(name.partition("/")[2], content)
            if new is not None:
                archive.writestr(name, new)


def in_pickle(old: bytes, new: bytes) -> Callable[[str, bytes], bytes]:
    """A change for `repack`: of the first such bytes in the pickle."""

    def change(name: str, content: bytes) -> bytes:
        if name == "data.pkl":
            assert old in content
            return content.replace(old, new, 1)
        return content

    return change


def damage(path: Path, n_bytes: int = 1000) -> None:
    """Overwrite bytes in the file's middle, which tensors fill."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + n_bytes] = bytes(255 - b for b in content[middle : middle + n_bytes])
    path.write_bytes(content)
