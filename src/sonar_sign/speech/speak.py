"""`speak`: texts read aloud, one WAV file each, with a JSON file that says how it was made."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import safe_name, write_json
from sonar_sign.core.speech_options import SpeakOptions
from sonar_sign.speech.engine import Failure, Outcome, find_engine, speak_all
from sonar_sign.speech.protocol import Utterance
from sonar_sign.speech.styles import Style

# A voice reads about fifteen characters a second: this is a minute or two.
MAX_CHARACTERS = 2000


@dataclass(frozen=True)
class Feeling:
    """A style, and where it comes from."""

    style: Style
    """How to speak."""
    source: str
    """`given` by the user, guessed from the `words`, strength from the `hands`, or `neutral`."""


@dataclass(frozen=True)
class Line:
    """One text that is to be spoken."""

    name: str
    """Name of its files, without a suffix; for example a clip's id."""
    text: str
    """The text."""
    feeling: Feeling
    """How it is spoken."""


def given(options: SpeakOptions) -> Feeling:
    """The feeling that the user chose; neutral is no choice."""
    style = Style(options.style, options.intensity)
    return Feeling(style, "neutral" if options.style == "neutral" else "given")


def speak(
    lines: Sequence[Line], language: str, folder: Path, options: SpeakOptions, log: TextIO
) -> list[Outcome]:
    """Speak lines into `folder`: `{name}.wav` and `{name}.json` for each that could be spoken.

    Args:
        language: FLORES code such as eng_Latn.
        log: gets one sentence per line that could not be spoken.

    Raises:
        UserError: two lines have the same name, or a name cannot be a file's.
    """
    names = [safe_name(line.name) for line in lines]
    if len({name.casefold() for name in names}) < len(names):
        raise UserError("Two texts have the same name; give every text a name of its own.")
    engine = find_engine(options, language)
    by_id = {name: line for name, line in zip(names, lines, strict=True)}

    def report(utterance: Utterance, outcome: Outcome) -> None:
        if isinstance(outcome, Failure):
            print(f"{utterance.id} was not spoken: {outcome.reason}", file=log)
            return
        line = by_id[utterance.id]
        record = {
            "text": line.text,
            "language": language,
            "style": asdict(line.feeling.style),
            "style_source": line.feeling.source,
            "prosody": asdict(line.feeling.style.prosody),
            "engine": engine.name,
            **asdict(outcome),
            "wav_sha256": hashlib.sha256(utterance.wav.read_bytes()).hexdigest(),
        }
        write_json(utterance.wav.with_suffix(".json"), record)

    utterances = [
        Utterance(name, line.text, language, folder / f"{name}.wav", line.feeling.style)
        for name, line in by_id.items()
        if _speakable(name, line.text, log)
    ]
    return speak_all(engine, utterances, report)


def _speakable(name: str, text: str, log: TextIO) -> bool:
    problem = None
    if not text.strip():
        problem = "its text is empty"
    elif len(text) > MAX_CHARACTERS:
        problem = f"its text has {len(text)} characters, more than {MAX_CHARACTERS}"
    if problem:
        print(f"{name} was not spoken: {problem}.", file=log)
    return problem is None


def lines_of_file(path: Path, feeling: Feeling) -> list[Line]:
    """One line of text per line of a UTF-8 file, named by their numbers from 1 on; or JSON lines.

    Raises:
        UserError: the file is not UTF-8, or a line of JSON has no `text`.
    """
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 (byte {error.start}); convert it first.") from error
    rows = [row for row in content.split("\n") if row.strip()]
    if path.suffix != ".jsonl":
        return [Line(f"{n:04d}", row.strip(), feeling) for n, row in enumerate(rows, start=1)]
    lines = []
    for number, row in enumerate(rows, start=1):
        try:
            record = json.loads(row)
            lines.append(Line(str(record.get("id", f"{number:04d}")), record["text"], feeling))
        except (ValueError, KeyError, AttributeError) as error:
            raise UserError(
                f"Line {number} of {path} is not a JSON object with a text; correct it."
            ) from error
    return lines
