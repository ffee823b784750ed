"""The settings of `speak`; apart from `options`, which is long."""

from dataclasses import dataclass
from typing import Annotated, Literal

from sonar_sign.core.bounds import SHARE, between


@dataclass(frozen=True)
class SpeakOptions:
    """How texts are read aloud."""

    style: Annotated[
        Literal["neutral", "happy", "sad", "angry", "fearful"], "The feeling of the voice."
    ] = "neutral"
    intensity: Annotated[float, "How strong the style is; 0 is neutral.", SHARE] = 1.0
    engine: Annotated[
        Literal["auto", "hibari", "espeak", "qwen3", "chatterbox"],
        "Program that speaks; auto: hibari for English, espeak for all others.",
    ] = "auto"
    python: Annotated[
        str, "Python of the environment that has the engine; empty: the one of sonar-sign."
    ] = ""
    model: Annotated[
        str, "Folder or name of the model of qwen3 or chatterbox; empty: their own choice."
    ] = ""
    timeout_s: Annotated[float, "Seconds that one text may take.", between(1, 3600)] = 60.0
