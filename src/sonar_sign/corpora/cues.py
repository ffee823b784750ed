"""Cues of caption files: WebVTT and SRT as yt-dlp writes them, JSON of `text, start, duration`.

A small reader instead of a library: those for WebVTT refuse a file for one bad cue, which here is
one dropped row, and 11,000 files have to be read in seconds.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.strict_json import parse_json
from sonar_sign.core.text_files import read_text
from sonar_sign.corpora.times import parse_time

_BLOCK = re.compile(
    r"^[ \t]*([-+0-9:.,]+)[ \t]+-->[ \t]+([-+0-9:.,]+)(?:[ \t][^\n]*)?(?:\n|\Z)"
    r"((?:(?![^\n]*-->)[^\n]+\n?)*)",
    re.MULTILINE,
)
# When a word of automatic captions is said: those captions roll, see `cue_cleaning`.
_WORD_TIME = re.compile(r"<\d\d:\d\d:\d\d\.\d{3}>")


@dataclass(frozen=True, slots=True)
class Cue:
    """One caption as it is shown."""

    number: int
    """Its place in the file, from 1."""
    start_s: float | None
    """None: its time is no time; likewise the end."""
    end_s: float | None
    text: str
    """As it is in the file, with line breaks and tags."""


@dataclass(frozen=True)
class CueFile:
    """The cues of one video."""

    cues: list[Cue]
    has_word_times: bool
    """Words have times of their own, as in automatic captions."""


def read_cues(path: Path) -> CueFile:
    """Read a caption file, as its suffix says.

    Raises:
        UserError: it is missing, of another format, of another encoding, or has no cue.
    """
    text = read_text(path, "The captions")
    cues = _of_json(path, text) if path.suffix == ".json" else _of_blocks(text)
    if not cues:
        raise UserError(f"{path} has no cue; download it again.")
    return CueFile(cues, _WORD_TIME.search(text) is not None)


def _of_blocks(text: str) -> list[Cue]:
    """Cues of WebVTT or SRT: a line with times, then lines of text up to an empty one."""
    return [
        Cue(number, parse_time(start), parse_time(end), payload)
        for number, (start, end, payload) in enumerate(_BLOCK.findall(text), start=1)
    ]


def _of_json(path: Path, text: str) -> list[Cue]:
    try:
        rows = parse_json(text)
    except ValueError as error:
        raise UserError(f"{path} is not JSON ({error}); download it again.") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UserError(f"{path} is no list of objects with text, start, duration.")
    return [_of_object(number, row) for number, row in enumerate(rows, start=1)]


def _of_object(number: int, row: dict[str, Any]) -> Cue:
    start_s, duration_s = (_seconds(row.get(name)) for name in ("start", "duration"))
    end_s = None if start_s is None or duration_s is None else start_s + duration_s
    text = row.get("text")
    # Half a surrogate pair can stand in JSON, and in no table.
    text = text.encode("utf-8", "replace").decode() if isinstance(text, str) else ""
    return Cue(number, start_s, None if end_s is None else round(end_s, 6), text)


def _seconds(value: Any) -> float | None:
    if isinstance(value, str):
        return parse_time(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < 1e9 else None
