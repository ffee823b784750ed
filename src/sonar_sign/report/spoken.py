"""What was spoken, for pages: the lines of `speech.jsonl` by system, language and clip."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file, safe_name
from sonar_sign.core.strict_json import parse_json
from sonar_sign.core.text_files import read_text
from sonar_sign.speech.speak import INDEX


@dataclass(frozen=True)
class SpokenClip:
    """One translation that was to be spoken."""

    system: str
    language: str
    clip_id: str
    text: str
    how: str
    """The style and where it comes from, or why there is no sound, in words."""
    wav: Path | None
    """None where it was not spoken."""


def read_spoken(folders: Mapping[str, Path]) -> list[SpokenClip]:
    """Everything in folders that `speak` wrote, in their order.

    Args:
        folders: by `SYSTEM.LANGUAGE`.

    Raises:
        UserError: a name has no language, an index is missing or damaged, or lacks its sound.
    """
    return [clip for name, folder in folders.items() for clip in _clips(name, Path(folder))]


def _clips(name: str, folder: Path) -> Iterator[SpokenClip]:
    system, dot, language = name.rpartition(".")
    if not dot:
        raise UserError(f"--speech {name}: give a system and a language, SYSTEM.LANGUAGE=FOLDER.")
    for number, line in enumerate(_lines(folder / INDEX), start=1):
        try:
            record = parse_json(line)
            clip_id, text = safe_name(record["id"]), str(record["text"])
            spoken = "wav" in record
            how = _how(record["feeling"]) if spoken else f"not spoken: {record['not_spoken']}"
        except (ValueError, LookupError, TypeError) as error:
            raise UserError(
                f"Line {number} of {folder / INDEX} is damaged ({error}); delete the folder and "
                "speak again."
            ) from error
        wav = folder / f"{clip_id}.wav"
        if spoken:
            require_file(wav, f"A sound of {folder / INDEX}")
        yield SpokenClip(system, language, clip_id, text, how, wav if spoken else None)


def _lines(index: Path) -> list[str]:
    return [line for line in read_text(index, "The index of speech").split("\n") if line]


def _how(feeling: Mapping[str, Any]) -> str:
    style, source = str(feeling["style"]), str(feeling["source"])
    if source == "neutral":
        return "neutral"
    if source == "hands":
        return f"emphasis {float(feeling['emphasis']):.2f}, {feeling['source_in_words']}"
    strength = "" if style == "neutral" else f" {float(feeling['intensity']):.2f}"
    return f"{style}{strength}, {feeling['source_in_words']}"
