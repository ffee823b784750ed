"""What an engine's program reads and writes: one JSON line per utterance.

Request: `{"id", "text", "language", "wav", "style", "intensity", "emphasis", "instruction",
"prosody": {...}}`. Answer: `{"id", "wav", "seconds", "voice"}`, or `{"id", "error"}` with a
sentence. The program answers in the order of the requests, after each WAV file is complete. It may
run in another environment than sonar-sign, so this module needs the standard library only.
"""

import json
import sys
import wave
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sonar_sign.speech.styles import Prosody, Style

INSTALL = "docs/speech.md says what to install, and how"


class CannotSpeakError(Exception):
    """An engine cannot speak one utterance; the message is a sentence."""


@dataclass(frozen=True)
class Utterance:
    """One text to be spoken."""

    id: str
    """Names the utterance in answers."""
    text: str
    """What to say; untrusted, as models and people write it."""
    language: str
    """FLORES code such as eng_Latn."""
    wav: Path
    """The file to write."""
    style: Style = Style()
    """How to say it."""


@dataclass(frozen=True)
class Spoken:
    """What an engine says about one utterance that it spoke."""

    seconds: float
    """Length of the WAV file."""
    voice: str
    """Name of the voice and of the engine's version."""


def request_line(utterance: Utterance) -> str:
    """The request of an utterance, as one line of ASCII."""
    return json.dumps(
        {
            "id": utterance.id,
            "text": utterance.text,
            "language": utterance.language,
            "wav": str(utterance.wav),
            "style": utterance.style.name,
            "intensity": utterance.style.intensity,
            "emphasis": utterance.style.emphasis,
            "instruction": utterance.style.instruction,
            "prosody": asdict(utterance.style.prosody),
        }
    )


def serve(speak: Callable[[str, str, Path, Prosody, dict[str, Any]], Spoken]) -> None:
    """Answer the requests on standard input until it ends; the main function of an engine.

    Args:
        speak: called with text, language, WAV file, prosody and the whole request.
    """
    answers = sys.stdout
    # What a library prints is no answer.
    sys.stdout = sys.stderr
    for request in _requests(sys.stdin):
        answer: dict[str, Any] = {"id": request["id"]}
        try:
            wav = Path(request["wav"])
            prosody = Prosody(**request["prosody"])
            spoken = speak(request["text"], request["language"], wav, prosody, request)
            answer |= {"wav": str(wav), **asdict(spoken)}
        except CannotSpeakError as problem:
            answer["error"] = str(problem)
        except ModuleNotFoundError as problem:
            answer["error"] = f"The engine lacks the module {problem.name}; {INSTALL}."
        print(json.dumps(answer), file=answers, flush=True)


def _requests(lines: Any) -> Iterator[dict[str, Any]]:
    for line in lines:
        if line.strip():
            yield json.loads(line)


def write_wav(path: Path, samples: Any, rate: int) -> float:
    """Write mono 16-bit PCM; returns its seconds.

    Args:
        samples: int16 `(n,)`.
        rate: samples per second.
    """
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return len(samples) / rate
