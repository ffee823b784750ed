"""Speech of a job's texts, where an engine has a voice for the language."""

import base64
import importlib.util
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sonar_sign.serving.dubbing import PlacedSpeech, dub, join
from sonar_sign.serving.requests import JobRequest
from sonar_sign.translation.request import Watch
from sonar_sign.translation.results import Translation

Report = Callable[..., None]
WAV, MP4 = "audio/wav", "video/mp4"
# Seconds that one text may take, with the start of the engine.
TIMEOUT_S = 60.0
ENGLISH = "eng_Latn"


class Speaker:
    """Speaks the texts of translations.

    Args:
        text_model: folder of a classifier of emotions, which guesses a style; empty: none.
    """

    def __init__(self, text_model: str):
        self._text_model = text_model

    def facts(self) -> dict[str, Any]:
        """Languages with a voice, and the styles that can be chosen."""
        try:
            from sonar_sign.speech.espeak_voices import VOICES
            from sonar_sign.speech.styles import STYLES
        except ImportError:
            return {"languages": [], "styles": []}
        languages = set(VOICES) if importlib.util.find_spec("espeakng_loader") else set()
        if importlib.util.find_spec("hibari"):
            languages.add(ENGLISH)
        guessing = ["auto"] if self._text_model else []
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
            with tempfile.TemporaryDirectory(prefix="speech.") as folder:
                self._speak(path, parts, language, request, report, Path(folder))

    def _speak(
        self,
        path: Path,
        parts: Sequence[Translation],
        language: str,
        request: JobRequest,
        report: Report,
        folder: Path,
    ) -> None:
        from sonar_sign.core.speech_options import EngineOptions
        from sonar_sign.speech.engine import Failure, find_engine, speak_all
        from sonar_sign.speech.protocol import Utterance

        spoken_parts = [one for one in parts if one.texts[language].strip()]
        if not spoken_parts:
            return
        texts = [one.texts[language] for one in spoken_parts]
        feelings = self._feelings(texts, language, request)
        utterances = [
            Utterance(str(n), text, language, folder / f"{n}.wav", feeling.style)
            for n, (text, feeling) in enumerate(zip(texts, feelings, strict=True))
        ]
        engine = find_engine(EngineOptions(timeout_s=TIMEOUT_S), language)
        outcomes = speak_all(engine, utterances)
        failed = next((one for one in outcomes if isinstance(one, Failure)), None)
        if failed is not None:
            code = "no_voice" if "no voice" in failed.reason else "speech_failed"
            report("note", code=code, language=language, sentence=failed.reason)
            return
        placed = [
            PlacedSpeech(utterance.wav, one.start_s, one.end_s)
            for utterance, one in zip(utterances, spoken_parts, strict=True)
        ]
        name = f"speech-{language}.wav"
        _send(report, name, WAV, join(placed, folder / "all.wav"))
        dubbed = self._dub(path, placed, language, request, report, folder)
        feeling = feelings[0]
        report(
            "speech",
            name=name,
            language=language,
            style=feeling.style.name,
            intensity=feeling.style.intensity,
            guessed=feeling.source in ("words", "hands"),
            voice=outcomes[0].voice,
            dubbed=dubbed,
        )

    def _dub(
        self,
        path: Path,
        placed: Sequence[PlacedSpeech],
        language: str,
        request: JobRequest,
        report: Report,
        folder: Path,
    ) -> str | None:
        """The name of the dubbed video, if one was asked for."""
        if not request.dub:
            return None
        video = folder / "dubbed.mp4"
        if dub(path, placed, video):
            sentence = "The speech takes longer than the signs, even 20 % faster."
            report("note", code="stretched", language=language, sentence=sentence)
        name = f"dubbed-{language}.mp4"
        _send(report, name, MP4, video)
        return name

    def _feelings(self, texts: Sequence[str], language: str, request: JobRequest) -> list[Any]:
        from sonar_sign.core.speech_options import FeelingOptions, StyleOptions
        from sonar_sign.speech.feelings import find_feelings

        given = StyleOptions(request.style, request.intensity)
        options = FeelingOptions(text_model=self._text_model)
        return find_feelings(texts, language, given, options, [None] * len(texts))


def _send(report: Report, name: str, kind: str, path: Path) -> None:
    content = base64.b64encode(path.read_bytes()).decode()
    report("file", name=name, kind=kind, content=content)
