"""Where the feeling of a sentence comes from, and what is written down about it.

In this order: given by the user; a style guessed from the words; strength, never a style, from
the hands; else neutral. Never from the face: in American Sign Language the face is grammar.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sonar_sign.core.speech_options import FeelingOptions, StyleOptions
from sonar_sign.speech.hand_strength import Strength
from sonar_sign.speech.styles import Style

Source = Literal["given", "words", "hands", "neutral"]
IN_WORDS: Mapping[str, str] = {
    "given": "given by the user",
    "words": "guessed from the words",
    "hands": "strength guessed from the hands",
    "neutral": "neutral",
}


@dataclass(frozen=True)
class Feeling:
    """A style, and where it comes from."""

    style: Style = Style()
    """How to speak."""
    source: Source = "neutral"
    """Which source decided."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """What each source that was asked said: scores, model, threshold; speed, extent."""

    def as_record(self) -> dict[str, Any]:
        """For files: the source is also there in words."""
        return {
            "style": self.style.name,
            "intensity": self.style.intensity,
            "emphasis": self.style.emphasis,
            "source": self.source,
            "source_in_words": IN_WORDS[self.source],
            **self.evidence,
        }


def find_feelings(
    texts: Sequence[str],
    language: str,
    given: StyleOptions,
    options: FeelingOptions,
    strengths: Sequence[Strength | None],
) -> list[Feeling]:
    """The feeling of each text.

    Args:
        language: FLORES code of the texts.
        strengths: from the hands, for each text; None where nothing is known of them.

    Raises:
        UserError: the text model cannot be used.
    """
    if given.style != "auto":
        return [Feeling(Style(given.style, given.intensity), "given")] * len(texts)
    guesses: Sequence[Any] = [None] * len(texts)
    if options.text_model and language == options.text_language:
        from sonar_sign.speech.text_feelings import TextModel

        guesses = TextModel.load(Path(options.text_model)).guess(texts, options.threshold)
    return [
        _feeling(guess, strength, given.intensity)
        for guess, strength in zip(guesses, strengths, strict=True)
    ]


def _feeling(guess: Any, strength: Strength | None, intensity: float) -> Feeling:
    """Put together what the words and the hands say.

    The hands say how strong the style of the words is, or, without one, how much more force than
    usual there is.
    """
    evidence: dict[str, Any] = {}
    if guess is not None:
        evidence["words"] = guess.as_record()
    if strength is not None:
        evidence["hands"] = strength.as_record()
    if guess is not None and guess.style != "neutral":
        if strength is not None:
            intensity = strength.value
        return Feeling(Style(guess.style, round(intensity, 3)), "words", evidence)
    if strength is not None and strength.emphasis > 0:
        return Feeling(Style(emphasis=round(strength.emphasis, 3)), "hands", evidence)
    return Feeling(Style(), "neutral", evidence)
