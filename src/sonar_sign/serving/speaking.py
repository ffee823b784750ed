"""Speech of a job's texts, where an engine has a voice for the language."""

import base64
import importlib.util
import io
import tempfile
import wave
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.speech_options import EngineOptions, FeelingOptions, StyleOptions
from sonar_sign.serving.requests import JobRequest
from sonar_sign.speech.dub import Cue, dub
from sonar_sign.speech.engine import (
    ENGLISH,
    Failure,
    find_engine,
    find_engine_name,
    refusal_of_language,
    speak_all,
)
from sonar_sign.speech.espeak_voices import VOICES
from sonar_sign.speech.feelings import Feeling, find_feelings
from sonar_sign.speech.protocol import Utterance
from sonar_sign.speech.styles import STYLES
from sonar_sign.translation.request import Watch
from sonar_sign.translation.results import Translation

Report = Callable[..., None]
WAV, MP4 = "audio/wav", "video/mp4"
ENGINE = EngineOptions()
PAUSE_S = 0.3


class Speaker:
    """Speaks the texts of translations.

    Args:
        text_model: folder of a classifier of emotions, which guesses a style; empty: none.
    """

    def __init__(self, text_model: str):
        self._feelings = FeelingOptions(text_model=text_model)

    def facts(self) -> dict[str, Any]:
        """Languages with a voice, and the styles that can be chosen."""
        languages = set(VOICES) if importlib.util.find_spec("espeakng_loader") else set()
        languages.discard(ENGLISH)  # hibari's
        if importlib.util.find_spec("hibari"):
            languages.add(ENGLISH)
        guessing = ["auto"] if self._feelings.text_model else []
        return {"languages": sorted(languages), "styles": [*guessing, *STYLES]}

    def speak(
        self,
        path: Path,
        translations: Sequence[Translation],
        request: JobRequest,
        report: Report,
        watch: Watch,
    ) -> None:
        """Speak the first system's texts of each language, and make dubbed videos if asked to."""
        parts = [one for one in translations if one.system == request.systems[0]]
        for language in request.languages:
            watch.stage("speech", 0, 1)
            cues = self._cues(parts, language, request)
            if not cues:
                continue
            if refusal := refusal_of_language(find_engine_name(ENGINE.engine, language), language):
                report("note", code="no_voice", language=language, sentence=refusal)
                continue
            with tempfile.TemporaryDirectory(prefix="speech.") as folder:
                _speak(cues, language, report, Path(folder))
                if request.dub:
                    watch.stage("speech", 0, 1)
                    _dub(path, cues, language, report, Path(folder) / "dubbed.mp4")

    def _cues(self, parts: Sequence[Translation], language: str, request: JobRequest) -> list[Cue]:
        spoken = [one for one in parts if one.texts[language].strip()]
        texts = [one.texts[language] for one in spoken]
        given = StyleOptions(request.style, request.intensity)
        feelings = find_feelings(texts, language, given, self._feelings, [None] * len(texts))
        return [
            Cue(one.start_s, text, feeling)
            for one, text, feeling in zip(spoken, texts, feelings, strict=True)
        ]


def _speak(cues: Sequence[Cue], language: str, report: Report, folder: Path) -> None:
    utterances = [
        Utterance(str(n), cue.text, language, folder / f"{n}.wav", cue.feeling.style)
        for n, cue in enumerate(cues)
    ]
    outcomes = speak_all(find_engine(ENGINE, language), utterances)
    failed = next((one for one in outcomes if isinstance(one, Failure)), None)
    if failed is not None:
        report("note", code="speech_failed", language=language, sentence=failed.reason)
        return
    name = f"speech-{language}.wav"
    _send(report, name, WAV, joined_wav([one.wav for one in utterances]))
    feeling: Feeling = cues[0].feeling
    report(
        "speech",
        name=name,
        language=language,
        style=feeling.style.name,
        intensity=feeling.style.intensity,
        guessed=feeling.source in ("words", "hands"),
        voice=outcomes[0].voice,
    )


def _dub(path: Path, cues: Sequence[Cue], language: str, report: Report, output: Path) -> None:
    log = io.StringIO()
    try:
        dub(path, cues, language, output, ENGINE, log)
    except UserError:
        sentence = "The video could not be dubbed."
        report("note", code="not_dubbed", language=language, sentence=sentence)
        return
    if log.getvalue():
        sentence = "The speech takes longer than the signs, even 20 % faster."
        report("note", code="stretched", language=language, sentence=sentence)
    _send(report, f"dubbed-{language}.mp4", MP4, output.read_bytes())


def joined_wav(paths: Sequence[Path]) -> bytes:
    """WAV files of one voice, one after the other, with short pauses."""
    joined = io.BytesIO()
    with wave.open(joined, "wb") as output:
        for number, path in enumerate(paths):
            with wave.open(str(path), "rb") as part:
                if number == 0:
                    output.setparams(part.getparams())
                else:
                    silence = bytes(part.getsampwidth() * int(PAUSE_S * part.getframerate()))
                    output.writeframes(silence)
                output.writeframes(part.readframes(part.getnframes()))
    return joined.getvalue()


def _send(report: Report, name: str, kind: str, content: bytes) -> None:
    report("file", name=name, kind=kind, content=base64.b64encode(content).decode())
