"""`speak`: texts read aloud, one WAV file each, with a JSON file that says how it was made.

`speech.jsonl` beside them has a line for every text, in order, those that were not spoken too.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import safe_name, write_json, write_text
from sonar_sign.core.speech_options import EngineOptions
from sonar_sign.speech.engine import Engine, Failure, Outcome, find_engine, speak_all
from sonar_sign.speech.feelings import Feeling
from sonar_sign.speech.protocol import Spoken, Utterance
from sonar_sign.speech.texts import Text

# A voice reads about fifteen characters a second: this is a minute or two.
MAX_CHARACTERS = 2000
# No clip's file can have its name: those end in .wav and .json.
INDEX = "speech.jsonl"
EMPTY = "its text is empty"


def speak_texts(
    texts: Sequence[Text],
    feelings: Sequence[Feeling],
    language: str,
    folder: Path,
    options: EngineOptions,
    log: TextIO,
) -> list[Outcome]:
    """Speak texts into `folder`: `{name}.wav` and `{name}.json` for each, and `speech.jsonl`.

    Whatever goes wrong with a text costs only itself: a sentence says what it was.

    Args:
        feelings: one for each text.
        language: FLORES code such as eng_Latn.
        log: gets one sentence per text that could not be spoken.

    Returns:
        What became of each text.

    Raises:
        UserError: two texts have the same name, or a name cannot be a file's; the engine's Python
            is missing; a file cannot be written.
    """
    names = [safe_name(one.name) for one in texts]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"Two texts have the name {twice!r}; give every text a name of its own.")
    engine = find_engine(options, language)
    outcomes: dict[str, Outcome] = {
        one.name: Failure(problem) for one in texts if (problem := _problem(one.text))
    }
    utterances = [
        Utterance(one.name, one.text, language, folder / f"{one.name}.wav", feeling.style)
        for one, feeling in zip(texts, feelings, strict=True)
        if one.name not in outcomes
    ]
    of_utterances = speak_all(engine, utterances)
    outcomes |= dict(zip([one.id for one in utterances], of_utterances, strict=True))
    lines = []
    for one, feeling in zip(texts, feelings, strict=True):
        outcome, wav = outcomes[one.name], folder / f"{one.name}.wav"
        record = {"id": one.name, **_record(one, feeling, language, engine, outcome, wav)}
        lines.append(json.dumps(record, ensure_ascii=False))
        if isinstance(outcome, Spoken):
            write_json(wav.with_name(f"{one.name}.json"), record)
        else:
            print(f"{one.name} was not spoken: {outcome.reason.rstrip('.')}.", file=log)
    write_text(folder / INDEX, "".join(f"{line}\n" for line in lines))
    return [outcomes[name] for name in names]


def _record(
    one: Text, feeling: Feeling, language: str, engine: Engine, outcome: Outcome, wav: Path
) -> dict[str, Any]:
    record: dict[str, Any] = {"text": one.text, "language": language, "engine": engine.name}
    if isinstance(outcome, Failure):
        return {**record, "not_spoken": outcome.reason}
    return {
        **record,
        "wav": wav.name,
        **asdict(outcome),
        "wav_sha256": hashlib.sha256(wav.read_bytes()).hexdigest(),
        "feeling": feeling.as_record(),
        "prosody": asdict(feeling.style.prosody),
    }


def _problem(text: str) -> str:
    if not text.strip():
        return EMPTY
    if len(text) > MAX_CHARACTERS:
        return f"its text has {len(text)} characters, more than {MAX_CHARACTERS}"
    return ""


def is_empty(outcome: Outcome) -> bool:
    """Whether there was nothing to speak, so that nothing went wrong."""
    return isinstance(outcome, Failure) and outcome.reason == EMPTY
