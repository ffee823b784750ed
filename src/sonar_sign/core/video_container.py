"""Whether a WebM, Matroska or MPEG-TS file ends inside one of its elements or packets.

FFmpeg reads such a file as if it had ended before, and a browser's recorder declares no duration
that would show it. The layouts are those of RFC 8794 (EBML), RFC 9559 (Matroska) and ISO/IEC
13818-1 (transport streams).
"""

import os
from pathlib import Path
from typing import BinaryIO

_TS_PACKET, _TS_SYNC = 188, 0x47
_EBML, _SEGMENT, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1F43B675


def ends_inside(source: Path | BinaryIO) -> bool:
    """Whether the file is cut off within an element or packet; False for files of other formats."""
    if hasattr(source, "read"):
        return _ends_inside(source)
    with Path(source).open("rb") as file:
        return _ends_inside(file)


def _ends_inside(file: BinaryIO) -> bool:
    length = file.seek(0, os.SEEK_END)
    position = file.seek(0)
    start = file.read(_TS_PACKET + 1)
    if start[:1] + start[_TS_PACKET:] == bytes([_TS_SYNC, _TS_SYNC]):
        return length % _TS_PACKET != 0
    if not start.startswith(_EBML.to_bytes(4)):
        return False
    while position < length:
        file.seek(position)
        header = file.read(12)
        found = _header(header)
        if found is None:
            # A whole header has at most 12 bytes; what is no header at all was not cut here.
            return len(header) < 12 and _may_become_one(header)
        name, width, size = found
        position += width
        if size is None:
            if name not in (_SEGMENT, _CLUSTER):
                return False
            continue  # its elements follow
        position += size
        if position > length:
            return True
    return False


def _header(data: bytes) -> tuple[int, int, int | None] | None:
    """Identifier, bytes of the header, and bytes of the content (None: not known)."""
    id_width = _width(data[:1])
    if not 1 <= id_width <= 4 or len(data) <= id_width:
        return None
    size_width = _width(data[id_width : id_width + 1])
    width = id_width + size_width
    if not size_width or len(data) < width:
        return None
    mask = (1 << 7 * size_width) - 1
    size = int.from_bytes(data[id_width:width]) & mask
    return int.from_bytes(data[:id_width]), width, None if size == mask else size


def _width(first: bytes) -> int:
    """Bytes of a number with variable length, by its first byte; 0 where it is none."""
    return 9 - first[0].bit_length() if first and first[0] else 0


def _may_become_one(data: bytes) -> bool:
    return 1 <= _width(data[:1]) <= 4
