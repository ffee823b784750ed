"""METEOR (Lavie and Agarwal 2007, W07-0734) by nltk, with WordNet where that is installed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sonar_sign.metrics.base import (
    ENGLISH,
    Metric,
    MetricContext,
    MetricStatistics,
    Provenance,
    References,
    listed,
    mean_percentage,
)
from sonar_sign.metrics.tokens import by_characters, words
from sonar_sign.metrics.wordnet import find_wordnet

WORDNET = "nltk-wordnet"
EXACT_STEM = "nltk-exact-stem"
EXACT = "nltk-exact"
CHARACTERS = "nltk-exact-characters"

# Values of METEOR with different variants cannot be compared.
VARIANTS = {
    WORDNET: "nltk, matching exact words, stems and WordNet synonyms",
    EXACT_STEM: "nltk without WordNet, matching exact words and stems only",
    EXACT: "nltk, matching exact words only (no stemmer for this language)",
    CHARACTERS: "nltk, matching exact characters (words are not written apart in this language)",
}

# nltk's Snowball stemmers, by the language part of a FLORES code. English keeps METEOR's Porter.
_SNOWBALL = {
    "arb": "arabic",
    "dan": "danish",
    "deu": "german",
    "fin": "finnish",
    "fra": "french",
    "hun": "hungarian",
    "ita": "italian",
    "nld": "dutch",
    "nob": "norwegian",
    "por": "portuguese",
    "ron": "romanian",
    "rus": "russian",
    "spa": "spanish",
    "swe": "swedish",
}


@dataclass(frozen=True)
class Matcher:
    """What may match a word besides the same word."""

    variant: str
    """A key of `VARIANTS`."""
    stemmer: Any
    """Has `stem(word) -> str`."""
    wordnet: Any
    """Has `synsets(word) -> list`."""
    language: str = ENGLISH
    """FLORES code; says what a word is."""


def corpus_meteor(
    predictions: Sequence[str], references: References, matcher: Matcher
) -> MetricStatistics:
    """Mean METEOR with nltk's defaults (alpha 0.9, beta 3, gamma 0.5), a percentage.

    nltk lower-cases the words; a pair of which one side has no word is 0. Of several references
    the one of the highest score counts.
    """
    from nltk.translate.meteor_score import meteor_score

    return mean_percentage(
        [
            meteor_score(
                [words(reference, matcher.language) for reference in of_clip],
                words(prediction, matcher.language),
                stemmer=matcher.stemmer,
                wordnet=matcher.wordnet,
            )
            for prediction, of_clip in zip(predictions, listed(references), strict=True)
        ],
        matcher.variant,
    )


def load_matcher(language: str = ENGLISH, nltk_data: Path | None = None) -> Matcher:
    """Choose the best variant that this machine has for a language.

    WordNet is English, so no other language uses it. It is looked for in `nltk_data` where that
    is given, otherwise where nltk looks, which the environment variable NLTK_DATA extends, and
    then where Debian puts it.

    Raises:
        UserError: `nltk_data` was given and holds no WordNet, or a WordNet cannot be read.
    """
    from nltk.stem import PorterStemmer, SnowballStemmer

    if by_characters(language):
        return Matcher(CHARACTERS, _NoStemmer(), _NoWordNet(), language)
    if language == ENGLISH:
        wordnet = find_wordnet(nltk_data)
        variant = EXACT_STEM if wordnet is None else WORDNET
        return Matcher(variant, _CachedStemmer(PorterStemmer()), wordnet or _NoWordNet())
    stemmer_name = _SNOWBALL.get(language.split("_")[0])
    if stemmer_name is None:
        return Matcher(EXACT, _NoStemmer(), _NoWordNet(), language)
    stemmer = _CachedStemmer(SnowballStemmer(stemmer_name))
    return Matcher(EXACT_STEM, stemmer, _NoWordNet(), language)


class _NoWordNet:
    """Takes WordNet's place in nltk; it knows no word, so exact and stem matches are left."""

    def synsets(self, word: str) -> list:
        return []


class _CachedStemmer:
    """A stemmer that stems each word once: stemming takes most of METEOR's time."""

    def __init__(self, stemmer: Any):
        self.stem = cache(stemmer.stem)


class _NoStemmer:
    def stem(self, word: str) -> str:
        return word


def _compute(
    predictions: Sequence[str], references: Sequence[str], context: MetricContext
) -> MetricStatistics:
    matcher = load_matcher(context.language, context.options.nltk_data)
    return corpus_meteor(predictions, context.of_clips(references), matcher)


METEOR = Metric(
    "meteor",
    "METEOR",
    _compute,
    provenance=Provenance(
        "METEOR variant",
        lambda variant: f"METEOR: {VARIANTS.get(variant, variant)} ({variant})",
        key="meteor_variant",
        # Machines differ in whether they have WordNet; the notes of a comparison say so.
        equal_among="none",
        schema={"enum": [*VARIANTS]},
    ),
    packages=("nltk",),
    headline=True,
    plotted=True,
    position=30,
)
