"""What a config says of speech: languages and engines, and whether they go together."""

from collections.abc import Mapping
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.speech_options import EngineOptions
from sonar_sign.core.wording import nearest
from sonar_sign.operations.experiment import Experiment
from sonar_sign.speech.engine import find_engine_name, refusal_of_language

_ENGINE = frozenset(EngineOptions.__dataclass_fields__)


def spoken_languages(values: Mapping[str, Any]) -> list[str]:
    """The languages that are spoken: those that the config names, else all outputs."""
    return values["speech"]["languages"] or values["languages"]["outputs"]


def engine_settings(values: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The settings of the engine of a language, as `EngineOptions`."""
    speech = values["speech"]
    common = {name: value for name, value in speech.items() if name in _ENGINE}
    return {**common, **speech["engines"].get(language, {})}


def check_speech(values: Mapping[str, Any], experiment: Experiment) -> None:
    """Check what a config says of speech, without starting any engine.

    Raises:
        UserError: a system is not declared, a language is not translated into or has no voice.
    """
    speech, outputs = values["speech"], values["languages"]["outputs"]
    for name in speech["systems"]:
        if name not in experiment.systems:
            raise UserError(
                f"In the config: speech.systems: there is no system {name!r}; "
                f"{nearest(name, experiment.systems)}."
            )
    for key in ("languages", "engines"):
        for code in speech[key]:
            if code not in outputs:
                raise UserError(
                    f"In the config: speech.{key}: {code} is none of languages.outputs; add it "
                    "there, or leave it out here."
                )
    if not speech["systems"]:
        return
    for code in spoken_languages(values):
        name = find_engine_name(engine_settings(values, code)["engine"], code)
        if refusal := refusal_of_language(name, code):
            raise UserError(
                f"In the config: {refusal[:-1]} (speech.languages says what is spoken, "
                "speech.engines by what)."
            )
