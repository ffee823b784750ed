"""Between a worker process and the translator: loads systems, and reports while one works."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import torch

from sonar_sign.clips.faces import find_faces
from sonar_sign.core.devices import use_threads
from sonar_sign.core.options import TranslateOptions
from sonar_sign.core.timing import Timer
from sonar_sign.models.hypothesis import Hypothesis
from sonar_sign.serving.confidence import Confidence
from sonar_sign.serving.pictures import face_picture
from sonar_sign.serving.requests import JobRequest
from sonar_sign.serving.speaking import Speaker
from sonar_sign.serving.system_facts import facts_of, with_short_names
from sonar_sign.translation.loaded_system import ClipArrays, LoadedSystem, Wanted
from sonar_sign.translation.model_choice import ModelChoice
from sonar_sign.translation.request import CancelledError, Request, Watch
from sonar_sign.translation.results import Translation
from sonar_sign.translation.translator import Translator, stream_side_by_side
from sonar_sign.translation.video_crops import CroppedClip

__all__ = ["CancelledError", "Models"]

Report = Callable[..., None]
# Longer than this a crop is not sent to the page; nobody looks at all of them.
MAX_CROPS = 20


class Models:
    """The loaded systems of one worker."""

    def __init__(self, translators: Sequence[Translator], choice: ModelChoice, text_model: str):
        self._by_name = {one.name: one for one in translators}
        self._choice = choice
        self._confidence = {one.name: Confidence.of(one, choice.results) for one in translators}
        self._speaker = Speaker(text_model)

    @classmethod
    def load(cls, setup: dict[str, Any]) -> "Models":
        """Load the systems of `setup`: the fields of a `ModelChoice`, device and threads.

        Raises:
            UserError: a system is unknown or a file cannot be used.
        """
        use_threads(setup["threads"])
        values = {
            name: [*value] if name == "system" else value and Path(value)
            for name, value in setup["choice"].items()
        }
        choice = ModelChoice(**{**values, "model": setup["choice"]["model"]})
        translators = [
            Translator.load(definition, device=setup["device"])
            for definition in with_short_names(choice.find())
        ]
        models = cls(translators, choice, setup["text_model"])
        for one in translators:
            _warm_up(one)
        return models

    def facts(self) -> list[dict[str, Any]]:
        """What the page says about each system."""
        return [
            {
                **facts_of(one.definition, self._choice.results),
                "languages": _languages_of(one),
                "calibrated": self._confidence[one.name].is_calibrated,
            }
            for one in self._by_name.values()
        ]

    def speech_facts(self) -> dict[str, Any]:
        """Styles, and which languages have a voice."""
        return self._speaker.facts()

    def translate(
        self,
        path: Path,
        video: dict[str, Any],
        request: JobRequest,
        report: Report,
        cancel: Event,
    ) -> None:
        """Translate a video, reporting as it goes.

        Raises:
            VideoError, UserError: it cannot be translated.
            CancelledError: `cancel` was set.
        """
        report("stage", stage="reading", part=0, n_parts=1)
        window_s = request.window_for(video["seconds"])
        options = TranslateOptions(window_s=window_s, n_best=request.n_best)
        following = [
            _Following(self._by_name[name], report, request.crop) for name in request.systems
        ]
        watch = Watch(_Stages(report, following).begin, cancel)
        spans = request.spans_in(video["seconds"])
        asked = Request(request.languages, options, spans=spans)
        translations = []
        for one in stream_side_by_side([f.translator for f in following], path, asked, watch):
            translations.append(one)
            report("part", **self._part(one))
        if request.crop:
            watch.stage("pictures", 0, 1)
            _send_picture(path, translations, report)
            for one in following[:1]:
                one.send_crops(report)
        if request.speak or request.dub:
            watch.stage("speech", 0, 1)
            self._speaker.speak(path, translations, request, report, watch)

    def _part(self, one: Translation) -> dict[str, Any]:
        return {
            "system": one.system,
            "start_s": round(one.start_s, 3),
            "end_s": round(one.end_s, 3),
            "box": one.box,
            "box_from": one.box_from,
            "signed": one.signed,
            "note": one.note,
            "texts": {code: _records(found) for code, found in one.hypotheses.items()},
            "confidence": self._confidence[one.system].of_translation(one),
            "timings_ms": {name: round(ms, 1) for name, ms in one.timings_ms.items()},
        }


def _records(found: Sequence[Hypothesis]) -> list[dict[str, Any]]:
    return [{"text": one.text, "score": round(one.score, 4)} for one in found]


class _Following:
    """A translator whose texts are reported as they are decoded, and whose crops are kept."""

    def __init__(self, translator: Translator, report: Report, keeps_crops: bool):
        self.system = _FollowedSystem(translator.system, translator.name, report, keeps_crops)
        self.translator = Translator(translator.definition, self.system)

    def send_crops(self, report: Report) -> None:
        """Send the crops that the models saw, one mp4 a part."""
        for number, clip in enumerate(self.system.crops[:MAX_CROPS]):
            if isinstance(clip.content, bytes):
                send_file(report, f"crop-{number}.mp4", "video/mp4", clip.content)


class _FollowedSystem:
    """A `LoadedSystem` that passes everything on, and says what happens."""

    def __init__(self, system: LoadedSystem, name: str, report: Report, keeps_crops: bool):
        self._system, self._name, self._report = system, name, report
        self._keeps_crops = keeps_crops
        self.device, self.input_size = system.device, system.input_size
        self.crops: list[CroppedClip] = []
        self.part = 0

    def check_languages(self, languages: Sequence[str]) -> None:
        self._system.check_languages(languages)

    def features(self, clip: CroppedClip) -> np.ndarray | None:
        if self._keeps_crops and len(self.crops) < MAX_CROPS:
            self.crops.append(clip)
        return self._system.features(clip)

    def embed(self, clip: ClipArrays, earlier: Sequence[ClipArrays] = ()) -> torch.Tensor | None:
        return self._system.embed(clip, earlier)

    def hypotheses(
        self, clip: ClipArrays, embedding: torch.Tensor | None, wanted: Wanted, timer: Timer
    ) -> dict[str, list[Hypothesis]]:
        found: dict[str, list[Hypothesis]] = {}
        for language in wanted.languages:
            one = replace(wanted, languages=[language])
            found |= self._system.hypotheses(clip, embedding, one, timer)
            self._report(
                "text",
                system=self._name,
                part=self.part,
                language=language,
                texts=_records(found[language]),
            )
        return found


@dataclass(frozen=True)
class _Stages:
    """Reports stages, and tells the systems which part they are at."""

    report: Report
    following: Sequence[_Following]

    def begin(self, name: str, part: int, n_parts: int) -> None:
        for one in self.following:
            one.system.part = part
        self.report("stage", stage=name, part=part, n_parts=max(n_parts, part + 1))


def send_file(report: Report, name: str, kind: str, content: bytes) -> None:
    """Hand a file of the answer to the server."""
    report("file", name=name, kind=kind, content=base64.b64encode(content).decode())


def _send_picture(path: Path, translations: Sequence[Translation], report: Report) -> None:
    """A frame, and where face and crop are in it."""
    first = next((one for one in translations if one.box is not None), None)
    if first is None:
        return
    picture = face_picture(path, first)
    if picture is not None:
        send_file(report, "frame.jpg", "image/jpeg", picture.jpeg)
        report("picture", name="frame.jpg", **picture.as_record())


def _languages_of(translator: Translator) -> list[str]:
    from sonar_sign.core.languages import LANGUAGES

    sonar = getattr(translator.system, "sonar", None)
    known = [translator.system.language] if sonar is None else sonar.languages
    return sorted(LANGUAGES & set(known))


def _warm_up(translator: Translator) -> None:
    """Translate a moving nothing: what is set up in the first call is not waited for later."""
    size = translator.system.input_size
    if size is None:
        return
    rng = np.random.default_rng(0)
    find_faces(rng.integers(0, 255, (240, 320, 3), np.uint8))
    frames = rng.integers(0, 255, (32, size, size, 3), np.uint8)
    clip = CroppedClip(frames, len(frames), 25.0, (0, 0, size, size), "whole")
    features = translator.system.features(clip)
    arrays = ClipArrays(features)
    if translator.definition.reads_landmarks:
        return
    embedding = translator.system.embed(arrays)
    wanted = Wanted([translator.definition.language])
    translator.system.hypotheses(arrays, embedding, wanted, Timer())
