"""Styles of speaking, as changes of a voice's pitch, range, rate, loudness and quality.

The directions are those that Murray and Arnott found in the literature (1993, table I) and used in
a synthesiser (1995): anger, happiness and fear raise the pitch, anger and happiness widen its range
and are louder, anger and fear are faster; sadness is lower, narrower, slower and softer. Burkhardt
and Sendlmeier (2000) found listeners to recognise joy in a pitch half higher, a range doubled and
speech 30 % faster, and fear in a falsetto. The sizes here are ours: smaller than theirs where
theirs cost words (a falsetto is hard to understand), and apart enough to be measured.

Murray, I. R., Arnott, J. L. (1993). Toward the simulation of emotion in synthetic speech. JASA 93.
Murray, I. R., Arnott, J. L. (1995). Implementation and testing of a system for producing
emotion-by-rule in synthetic speech. Speech Communication 16.
Fry, D. B. (1958). Experiments in the perception of stress. Language and Speech 1.
Cooper, W. E., Eady, S. J., Mueller, P. R. (1985). Acoustical aspects of contrastive stress in
question-answer contexts. JASA 77.
Burkhardt, F., Sendlmeier, W. F. (2000). Verification of acoustical correlates of emotional speech
using formant-synthesis. ISCA Workshop on Speech and Emotion.
"""

from dataclasses import dataclass
from typing import Literal, get_args

StyleName = Literal["neutral", "happy", "sad", "angry", "fearful"]
STYLES: tuple[str, ...] = get_args(StyleName)


@dataclass(frozen=True)
class Prosody:
    """How a voice differs from itself when it reads neutrally."""

    pitch: float = 1.0
    """Ratio of the mean fundamental frequency."""
    range: float = 1.0
    """Ratio of the pitch's excursions around its mean, in semitones."""
    rate: float = 1.0
    """Ratio of the speaking rate; 2 takes half the time."""
    loudness_db: float = 0.0
    """Change of loudness in decibels."""
    breathiness: float = 0.0
    """From -1 (tense) over 0 (modal) to 1 (breathy); engines that cannot do it leave it out."""

    def scaled(self, share: float) -> "Prosody":
        """A share of the changes, from 0 to 1: ratios in equal steps of their logarithm."""
        return Prosody(
            self.pitch**share,
            self.range**share,
            self.rate**share,
            self.loudness_db * share,
            self.breathiness * share,
        )

    def and_then(self, other: "Prosody") -> "Prosody":
        """Both changes."""
        return Prosody(
            self.pitch * other.pitch,
            self.range * other.range,
            self.rate * other.rate,
            self.loudness_db + other.loudness_db,
            max(-1.0, min(1.0, self.breathiness + other.breathiness)),
        )


FULL = {
    "neutral": Prosody(),
    "happy": Prosody(pitch=1.25, range=1.55, rate=1.08, loudness_db=2.0, breathiness=-0.2),
    "sad": Prosody(pitch=0.88, range=0.55, rate=0.82, loudness_db=-5.0, breathiness=0.7),
    "angry": Prosody(pitch=1.10, range=1.45, rate=1.22, loudness_db=6.0, breathiness=-0.8),
    "fearful": Prosody(pitch=1.45, range=1.05, rate=1.26, loudness_db=-1.5, breathiness=0.3),
}

# What a sentence that is signed with more force sounds like in any style: louder and livelier.
# Accented words are (Fry 1958; Cooper, Eady and Mueller 1985); the sizes are ours.
EMPHASIS = Prosody(pitch=1.06, range=1.3, loudness_db=3.0)

# For engines that take words: Qwen3-TTS calls them instructions.
INSTRUCTIONS = {
    "neutral": "Speak calmly and clearly.",
    "happy": "Speak happily, with a bright, lively voice.",
    "sad": "Speak sadly, slowly and softly.",
    "angry": "Speak angrily, loudly and with emphasis.",
    "fearful": "Speak fearfully, quickly, with a high and unsteady voice.",
}


@dataclass(frozen=True)
class Style:
    """A style and how strong it is."""

    name: StyleName = "neutral"
    """One of `STYLES`."""
    intensity: float = 1.0
    """From 0, which is neutral, to 1."""

    emphasis: float = 0.0
    """How much more force than usual, in whatever style; 0 to 1."""

    @property
    def prosody(self) -> Prosody:
        """The changes of the voice."""
        style = FULL[self.name].scaled(self.intensity)
        return style.and_then(EMPHASIS.scaled(self.emphasis))

    @property
    def instruction(self) -> str:
        """The style in words."""
        if self.name == "neutral" or self.intensity == 0:
            return INSTRUCTIONS["neutral"]
        degree = "Slightly: " if self.intensity < 0.4 else ""
        return f"{degree}{INSTRUCTIONS[self.name]}"
