"""Translations of videos, spoken: what `translate --speak` and `--dub` do after translating."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import unusable_character
from sonar_sign.core.speech_options import EngineOptions, StyleOptions
from sonar_sign.speech.dub import Cue, dub
from sonar_sign.speech.engine import find_engine
from sonar_sign.speech.feelings import Feeling
from sonar_sign.speech.protocol import Spoken
from sonar_sign.speech.speak import speak_texts
from sonar_sign.speech.styles import Style
from sonar_sign.speech.texts import Text
from sonar_sign.translation.results import Translation

Key = tuple[str, Path, str]
"""A system, a video and a language."""
LONGEST_STEM = 120


@dataclass
class TranslatedSpeech:
    """Collects sentences as they are translated, and speaks them when all are there."""

    speak: Path | None
    """Folder for a WAV file of every sentence; None for none."""
    dub: Path | None
    """The mp4 of the one video, or a folder; None for none."""
    style: StyleOptions = StyleOptions()
    """`auto` is neutral."""
    engine: EngineOptions = EngineOptions()
    log: TextIO = field(default_factory=lambda: sys.stderr)
    _cues: dict[Key, list[tuple[float, str]]] = field(default_factory=dict)

    def add(self, system: str, video: Path, start_s: float, texts: dict[str, str]) -> None:
        """Add one part of a video.

        Args:
            texts: by language; empty ones are left out.
        """
        for language, text in texts.items():
            if text.strip():
                cues = self._cues.setdefault((system, video, language), [])
                cues.append((start_s, " ".join(text.split())))

    def hear(self, translation: Translation) -> None:
        """Add a translation as it comes."""
        self.add(translation.system, translation.video, translation.start_s, translation.texts)

    def check(self, languages: Iterable[str]) -> None:
        """Raises UserError where a language has no voice, before anything is translated."""
        for language in languages:
            find_engine(self.engine, language)

    def finish(self) -> bool:
        """Speak everything; returns whether all of it was spoken.

        Raises:
            UserError: two outputs would have one name, or several should be one file.
        """
        names = _names(list(self._cues))
        style = "neutral" if self.style.style == "auto" else self.style.style
        given = "given" if self.style.style != "auto" else "neutral"
        feeling = Feeling(Style(style, self.style.intensity), given)
        complete = True
        for key, cues in self._cues.items():
            _, video, language = key
            if self.speak is not None:
                complete &= self._speak(names[key], language, [text for _, text in cues], feeling)
            if self.dub is not None:
                timed = [Cue(start, text, feeling) for start, text in sorted(cues)]
                complete &= self._dub(video, timed, language, self._dubbed(names, key))
        return complete

    def _dub(self, video: Path, cues: Sequence[Cue], language: str, output: Path) -> bool:
        """A video that cannot be dubbed is one line, and the others are."""
        try:
            return None not in dub(video, cues, language, output, self.engine, self.log)
        except UserError as error:
            print(f"sonar-sign: {error}", file=self.log)
            return False

    def _speak(self, name: str, language: str, texts: Sequence[str], feeling: Feeling) -> bool:
        assert self.speak is not None
        named = [Text(f"{n:04d}", text) for n, text in enumerate(texts, start=1)]
        folder = self.speak / name
        outcomes = speak_texts(
            named, [feeling] * len(named), language, folder, self.engine, self.log
        )
        return all(isinstance(one, Spoken) for one in outcomes)

    def _dubbed(self, names: dict[Key, str], key: Key) -> Path:
        assert self.dub is not None
        if len(names) == 1 and not self.dub.is_dir():
            return self.dub
        if self.dub.is_file():
            raise UserError(
                f"--dub {self.dub} is a file, and {len(names)} videos are to be written; give a "
                "folder."
            )
        return self.dub / f"{names[key]}.mp4"


def _names(keys: Sequence[Key]) -> dict[Key, str]:
    """A name for each: the video's, the system's where there are several, and the language."""
    several = len({system for system, _, _ in keys}) > 1
    names: dict[Key, str] = {}
    for key in keys:
        system, video, language = key
        stem = "".join("_" if unusable_character(char) else char for char in video.stem)
        stem = stem.encode()[:LONGEST_STEM].decode(errors="ignore")
        name = ".".join([stem, *([system] if several else []), language])
        other = next((one for one, taken in names.items() if taken == name), None)
        if other is not None:
            raise UserError(
                f"{other[1]} and {video} would both be spoken as {name}; translate them one after "
                "the other."
            )
        names[key] = name
    return names
