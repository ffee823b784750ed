"""Folders of pictures that are videos: one PNG or JPEG file per frame.

The frames are in the natural order of their names (`frame9.png` before `frame10.png`). A folder
does not say its frame rate, so whoever reads it says it.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from sonar_sign.core.video_file import Source, VideoError, check_size
from sonar_sign.core.video_reading import PICTURES, VideoInfo

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

SUFFIXES = (".png", ".jpg", ".jpeg")
# Frames per second where nobody says anything else.
RATE = 25.0
MAX_PICTURE_BYTES = 256 << 20
# A whole PNG or JPEG has its end mark here; some programs write a few bytes after it.
_TAIL_BYTES = 4096
_ENDS = {"PNG": b"IEND", "JPEG": b"\xff\xd9"}
_EXIF_ORIENTATION, _SIDEWAYS = 0x0112, (5, 6, 7, 8)


def is_folder(source: Source) -> bool:
    """Whether a video is given as a folder of pictures."""
    return not hasattr(source, "read") and Path(source).is_dir()


def has_pictures(folder: Path) -> bool:
    """Whether a folder holds any picture."""
    with os.scandir(folder) as entries:
        return any(_is_picture(entry.name) for entry in entries)


def probe_pictures(folder: Path, fps: float = RATE) -> VideoInfo:
    """Check every frame's header, and decode the first one.

    Raises:
        VideoError: there is no picture, a frame is missing, unreadable or cut off, or the frames
            have several sizes.
    """
    paths = frame_paths(folder)
    size = _header(paths[0])
    for path in paths[1:]:
        _require_size(path, _header(path), paths[0], size)
    _decoded(paths[0])
    return VideoInfo(len(paths), fps, *size, PICTURES)


def read_pictures(
    folder: Path, start: int = 0, end: int | None = None
) -> "Iterator[tuple[int, np.ndarray]]":
    """Yield `(number, frame)` for frames `start` to `end` (exclusive), as far as the folder goes.

    Yields:
        int, uint8 RGB array `(height, width, 3)`.

    Raises:
        VideoError: a frame is missing or unreadable, or has another size than the first one.
    """
    paths = frame_paths(folder)
    size = None
    for number, path in enumerate(paths[start:end], start):
        frame = _decoded(path)
        size = size or _header(paths[0])
        _require_size(path, frame.shape[1::-1], paths[0], size)
        yield number, frame


def frame_paths(folder: Path) -> list[Path]:
    """The frames in order. Hidden files and files of other kinds are left out.

    Raises:
        VideoError: there is no picture, or their names say that one is missing or given twice, or
            that they do not belong together.
    """
    folder = Path(folder)
    try:
        names = sorted(filter(_is_picture, os.listdir(folder)), key=_natural)
    except OSError as error:
        raise VideoError("unreadable", error.strerror or str(error)) from error
    if not names:
        raise VideoError("unreadable", "it is a folder without PNG or JPEG pictures")
    _check_numbers(names)
    return [folder / name for name in names]


def _is_picture(name: str) -> bool:
    # Names with a dot before are what macOS knows of the pictures.
    return not name.startswith(".") and name.lower().endswith(SUFFIXES)


def _parts(name: str) -> list[str]:
    """Text, digits, text, digits ... of a name without its suffix."""
    return re.split("([0-9]+)", Path(name).stem)


def _natural(name: str) -> tuple:
    parts = _parts(name)
    key = [int(part) if place % 2 else part.casefold() for place, part in enumerate(parts)]
    return key, name


def _check_numbers(names: list[str]) -> None:
    """Check names that differ in one number only: it counts the frames.

    Names with several numbers, or none, tell nothing more than the order.
    """
    parts = [_parts(name) for name in names]
    kinds = {tuple(part[::2]) for part in parts}
    if len(kinds) > 1:
        if len(kinds) < len(names):
            other = next(n for n, p in zip(names, parts, strict=True) if p[::2] != parts[0][::2])
            raise VideoError(
                "unreadable",
                f"its pictures {names[0]} and {other} are named in different ways, so their order "
                "is not known; leave only the video's frames in the folder",
            )
        return
    numbers = [[int(digits) for digits in part[1::2]] for part in parts]
    counting = [column for column in zip(*numbers, strict=True) if len(set(column)) > 1]
    if len(counting) > 1:
        return
    (column,) = counting or [[0] * len(names)]
    for place in range(1, len(names)):
        before, after = column[place - 1], column[place]
        between = f"{names[place - 1]} and {names[place]}"
        if after == before:
            raise VideoError("unreadable", f"{between} are the same frame")
        if after > before + 1:
            n_missing = after - before - 1
            what = f"{n_missing} frames are" if n_missing > 1 else "a frame is"
            raise VideoError("unreadable", f"{what} missing between {between}")


def _require_size(
    path: Path, size: tuple[int, int], first: Path, expected: tuple[int, int]
) -> None:
    if tuple(size) != tuple(expected):
        raise VideoError(
            "unreadable",
            f"{path.name} has {size[0]}x{size[1]} pixels and {first.name} {expected[0]}x"
            f"{expected[1]}; all frames must have one size",
        )


def _header(path: Path) -> tuple[int, int]:
    """Width and height of a picture as it is shown; checks that its end is there."""
    with _opened(path) as (file, picture):
        file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
        if _ENDS[picture.format] not in file.read():
            raise VideoError("unreadable", f"{path.name} is cut off")
        sideways = picture.format == "JPEG" and _orientation(picture) in _SIDEWAYS
        return picture.size[::-1] if sideways else picture.size


def _orientation(picture: "Image") -> int:
    return picture.getexif().get(_EXIF_ORIENTATION, 1)


def _decoded(path: Path) -> "np.ndarray":
    """`(height, width, 3)` uint8 RGB, upright."""
    import numpy as np
    from PIL import ImageOps

    with _opened(path) as (_, picture):
        picture = ImageOps.exif_transpose(picture)
        if picture.mode.startswith("I"):  # 16 bits of grey
            picture = picture.convert("I").point(lambda grey: grey / 256).convert("L")
        return np.array(picture.convert("RGB"))


@contextmanager
def _opened(path: Path) -> "Iterator[tuple[BinaryIO, Image]]":
    """A picture whose size is possible; nothing is decoded yet.

    Raises:
        VideoError: it cannot be opened; also whatever fails in the block.
    """
    from PIL import Image

    try:
        if not path.is_file():  # a pipe would be waited for
            raise VideoError("unreadable", f"{path.name} is not a file")
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > MAX_PICTURE_BYTES:
                raise VideoError("unreadable", f"{path.name} is too large for a picture")
            picture = Image.open(file, formats=[*_ENDS])
            check_size(*picture.size)
            yield file, picture
    except VideoError:
        raise
    except Image.DecompressionBombError as error:
        raise VideoError("unreadable", f"{path.name} has too many pixels for a frame") from error
    except Exception as error:  # Pillow's: OSError, SyntaxError, struct.error, ...
        reason = getattr(error, "strerror", None) or "it is no PNG or JPEG, or it is damaged"
        raise VideoError("unreadable", f"{path.name}: {reason}") from error
