"""The settings of speech; apart from `options`, which is long."""

from dataclasses import dataclass
from typing import Annotated, Literal

from sonar_sign.core.bounds import SHARE, between
from sonar_sign.core.languages import FLORES

EngineName = Annotated[
    Literal["auto", "hibari", "espeak", "qwen3", "chatterbox"],
    "Program that speaks; auto: hibari for English, espeak for all others.",
]


@dataclass(frozen=True)
class EngineOptions:
    """Which program speaks."""

    engine: EngineName = "auto"
    python: Annotated[
        str, "Python of the environment that has the engine; empty: the one of sonar-sign."
    ] = ""
    model: Annotated[
        str, "Folder or name of the model of qwen3 or chatterbox; empty: their own choice."
    ] = ""
    timeout_s: Annotated[
        float, "Seconds that one text may take, with the start of the engine.", between(1, 3600)
    ] = 60.0


@dataclass(frozen=True)
class SpokenOptions:
    """Which translations the workflow speaks."""

    clips: Annotated[
        Literal["samples", "all"], "The clips that `sample` chooses, or all of the split."
    ] = "samples"


@dataclass(frozen=True)
class StyleOptions:
    """The feeling that the user gives."""

    style: Annotated[
        Literal["auto", "neutral", "happy", "sad", "angry", "fearful"],
        "Feeling of the voice; auto: guessed where feelings say so, else neutral.",
    ] = "auto"
    intensity: Annotated[float, "How strong the style is; 0 is neutral.", SHARE] = 1.0


@dataclass(frozen=True)
class FeelingOptions:
    """How feelings are guessed where none is given; by default they are not."""

    text_model: Annotated[
        str, "Folder of a transformers classifier of emotions in texts; empty: none."
    ] = ""
    text_language: Annotated[
        str, "Language that text_model reads; texts in others get no style from it.", FLORES
    ] = "eng_Latn"
    threshold: Annotated[float, "Least score of text_model that makes a style.", SHARE] = 0.6
    hands: Annotated[
        bool, "Strength of the voice from the wrists' speed and extent, in landmarks."
    ] = False
