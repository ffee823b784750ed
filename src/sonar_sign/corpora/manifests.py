"""Manifests that steps rely on: names that stay in their folder, times that are times."""

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import safe_name
from sonar_sign.core.ids import require_distinct
from sonar_sign.core.numbers import parse_number
from sonar_sign.core.tables import read_columns


def read_manifest(path: Path, columns: Sequence[str]) -> dict[str, list[str]]:
    """Read and check a manifest, or a part of one with some of its columns.

    Raises:
        UserError: it is malformed; a clip id is no file name, or occurs twice or nearly so; a
            source leaves the corpus folder; a time, a number of frames or a rate is none; a clip
            ends before it starts. The line is named.
    """
    table = read_columns(path, columns)
    lines = range(2, 2 + len(table["clip_id"]))
    require_distinct(path, "clip_id", table["clip_id"], lines)
    for column, holds in _CHECKS.items():
        for line, value in zip(lines, table.get(column, ()), strict=False):
            if not holds(value):
                raise UserError(
                    f"{path}, line {line}: {column} cannot be {value[:80]!r}; prepare again."
                )
    for line, start, end in zip(
        lines, table.get("start_s", ()), table.get("end_s", ()), strict=False
    ):
        if float(end) <= float(start):
            raise UserError(
                f"{path}, line {line}: the clip ends at {end} s and starts at {start} s; prepare "
                "again."
            )
    return table


def _is_name(value: str) -> bool:
    try:
        safe_name(value)
    except UserError:
        return False
    return True


def _stays_in_folder(value: str) -> bool:
    path = PurePosixPath(value)
    is_text = value != "" and not any(ord(char) < 32 for char in value)
    return is_text and not path.is_absolute() and ".." not in path.parts


def _is_time(value: str) -> bool:
    seconds = parse_number(value)
    return seconds is not None and seconds >= 0


def _is_positive(value: str) -> bool:
    return bool(_is_time(value) and parse_number(value))


def read_box(text: str) -> tuple[float, ...] | None:
    """A box of a manifest, `x0 y0 x1 y1` as shares of width and height; None where it is none."""
    numbers = [parse_number(word) for word in text.split(" ")]
    if len(numbers) != 4 or not all(one is not None and abs(one) <= 10 for one in numbers):
        return None
    x0, y0, x1, y1 = numbers
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def _is_box(value: str) -> bool:
    return not value or read_box(value) is not None


_CHECKS: dict[str, Callable[[str], bool]] = {
    "clip_id": _is_name,
    "source": _stays_in_folder,
    "start_s": _is_time,
    "end_s": _is_time,
    "n_frames": lambda value: value.isascii() and value.isdecimal() and int(value[:18]) > 0,
    "fps": _is_positive,
    "box": _is_box,
}
