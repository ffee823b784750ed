"""Running an engine: a process per batch, watched, and its WAV files checked before they count.

An engine is somebody else's program: it may hang, crash, lie about what it wrote, or flood its
output. Whatever it does costs the utterance at which it did it; the others are spoken by a fresh
process. It runs in a folder of its own, which is deleted, and finds sonar_sign there: the Python
that runs it need not have it.
"""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import atomic_write
from sonar_sign.core.speech_options import EngineOptions
from sonar_sign.speech.answers import Answers
from sonar_sign.speech.espeak_voices import VOICES, without_voice
from sonar_sign.speech.protocol import Spoken, Utterance, request_line
from sonar_sign.speech.wav_files import check_wav

PACKAGE = Path(__file__).resolve().parents[1]
MODULES = "sonar_sign.speech.engines"
# What one utterance may write: ten minutes of 24 kHz in 16 bits.
MAX_WAV_BYTES = 30_000_000
MAX_LINE_BYTES = 65_536
# Processes that speak nothing, in a row, before the engine is asked to speak something plain.
MAX_FRUITLESS = 2
PLAIN = "1, 2, 3."
ENGLISH = "eng_Latn"


@dataclass(frozen=True)
class Engine:
    """A program that speaks."""

    name: str
    """Its module in `speech.engines`."""
    command: tuple[str, ...]
    """How it is started."""
    timeout_s: float = 60.0
    """Seconds that it may take for one utterance, its start included."""


@dataclass(frozen=True)
class Failure:
    """Why an utterance was not spoken, in a sentence."""

    reason: str
    """The sentence."""


Outcome = Spoken | Failure
Report = Callable[[Utterance, Outcome], None]


def find_engine_name(engine: str, language: str) -> str:
    """What `auto` means for a language."""
    if engine != "auto":
        return engine
    return "hibari" if language == ENGLISH else "espeak"


def refusal_of_language(engine: str, language: str) -> str:
    """Why an engine cannot speak a language, in a sentence; empty where nothing is known."""
    if engine == "espeak" and language not in VOICES:
        return without_voice(language)
    if engine == "hibari" and language != ENGLISH:
        return f"hibari speaks English ({ENGLISH}) only, not {language}; choose another engine."
    return ""


def find_engine(options: EngineOptions, language: str) -> Engine:
    """The engine that the options choose; `auto` is hibari for English and eSpeak for all others.

    Raises:
        UserError: it has no voice for the language, or the Python that should run it is missing.
    """
    name = find_engine_name(options.engine, language)
    if refusal := refusal_of_language(name, language):
        raise UserError(refusal)
    python = shutil.which(options.python or sys.executable)
    if python is None:
        raise UserError(
            f"--python {options.python} is no program; give the path of a Python that has the "
            f"engine {name}."
        )
    # It is started in another folder. Links stay: they are how Python finds its environment.
    python = os.path.abspath(python)
    arguments = (options.model,) if options.model else ()
    return Engine(name, (python, "-m", f"{MODULES}.{name}", *arguments), options.timeout_s)


def speak_all(
    engine: Engine, utterances: Sequence[Utterance], report: Report | None = None
) -> list[Outcome]:
    """Speak utterances; WAV files appear at their places one by one, whole or not at all.

    Args:
        utterances: with ids of their own.
        report: called after each utterance, in order.

    Returns:
        What became of each utterance, in the order of `utterances`.
    """
    outcomes: list[Outcome] = []
    fruitless = 0
    while len(outcomes) < len(utterances):
        rest = utterances[len(outcomes) :]
        new = _one_process(engine, rest)
        fruitless = 0 if any(isinstance(one, Spoken) for one in new) else fruitless + 1
        if fruitless == MAX_FRUITLESS and len(new) < len(rest):
            fruitless = 0
            if not _speaks(engine, rest[0].language):
                new += new[-1:] * (len(rest) - len(new))
        for utterance, outcome in zip(rest, new, strict=False):
            if report is not None:
                report(utterance, outcome)
        outcomes += new
    return outcomes


def _speaks(engine: Engine, language: str) -> bool:
    """Whether an engine speaks at all, so that it was the texts that were not spoken."""
    with tempfile.TemporaryDirectory(prefix="speech.") as folder:
        plain = Utterance("plain", PLAIN, language, Path(folder) / "plain.wav")
        return isinstance(_one_process(engine, [plain])[0], Spoken)


def _one_process(engine: Engine, utterances: Sequence[Utterance]) -> list[Outcome]:
    """What one process makes of the utterances, at least of the first, until it fails."""
    with tempfile.TemporaryDirectory(prefix="speech.") as name:
        folder = Path(name)
        work, modules = folder / "work", folder / "modules"
        for new in (work, modules):
            new.mkdir()
        (modules / PACKAGE.name).symlink_to(PACKAGE)
        parts = [work / f"{number}.wav" for number in range(len(utterances))]
        requests = folder / "requests.jsonl"
        lines = [
            request_line(Utterance(str(number), one.text, one.language, part, one.style))
            for number, (one, part) in enumerate(zip(utterances, parts, strict=True))
        ]
        requests.write_text("\n".join(lines) + "\n", encoding="ascii")
        with requests.open("rb") as stdin, (folder / "errors.txt").open("w+b") as errors:
            process = subprocess.Popen(
                engine.command,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=work,
                env={**os.environ, "PYTHONPATH": str(modules)},
                start_new_session=True,
                preexec_fn=_limit_files,
            )
            try:
                return _collect(engine, process, errors, utterances, parts)
            finally:
                _end(process)


def _limit_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_WAV_BYTES, MAX_WAV_BYTES))


def _end(process: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _collect(
    engine: Engine,
    process: subprocess.Popen,
    errors: Any,
    utterances: Sequence[Utterance],
    parts: Sequence[Path],
) -> list[Outcome]:
    answers = Answers(process.stdout, MAX_LINE_BYTES)
    outcomes: list[Outcome] = []
    for number, (utterance, part) in enumerate(zip(utterances, parts, strict=True)):
        answer = answers.next(time.monotonic() + engine.timeout_s)
        if isinstance(answer, str):
            outcomes.append(Failure(f"{engine.name} {answer}{_last_words(answer, errors)}."))
            return outcomes
        outcomes.append(_accepted(engine, answer, str(number), part, utterance.wav))
    return outcomes


def _last_words(problem: str, errors: Any) -> str:
    """The last line that a crashed engine wrote to standard error."""
    errors.flush()
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - 2000))
    lines = [line.strip() for line in errors.read().decode(errors="replace").splitlines()]
    lines = [line for line in lines if line]
    return f": {lines[-1][:200].rstrip('.')}" if lines and problem == Answers.ENDED else ""


def _accepted(engine: Engine, answer: dict, number: str, part: Path, wav: Path) -> Outcome:
    """Check an answer and its file, and move the file to its place."""
    if answer.get("id") != number:
        return Failure(f"{engine.name} answered for another utterance.")
    if "error" in answer:
        return Failure(str(answer["error"])[:500])
    try:
        seconds = check_wav(part, answer.get("seconds"))
    except UserError as problem:
        return Failure(f"{engine.name} {problem}")
    with atomic_write(wav) as temporary:
        temporary.write_bytes(part.read_bytes())
    return Spoken(seconds, str(answer.get("voice", engine.name))[:200])
