"""METEOR (Lavie and Agarwal 2007, W07-0734) by nltk, with WordNet only where it is there."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.metrics.base import MetricStatistics, mean_percentage
from sonar_sign.metrics.debian_wordnet import nltk_folder_of_debian
from sonar_sign.metrics.tokens import words

WORDNET = "nltk-wordnet"
EXACT_STEM = "nltk-exact-stem"
EXACT = "nltk-exact"

# What a reader of a table must know before comparing two METEOR columns.
VARIANTS = {
    WORDNET: "nltk, matching exact words, stems and WordNet synonyms",
    EXACT_STEM: "nltk without WordNet, matching exact words and stems only",
    EXACT: "nltk, matching exact words only (no stemmer for this language)",
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
    """What may match a word besides itself."""

    variant: str  # a key of VARIANTS
    stemmer: Any  # has stem(word) -> str
    wordnet: Any  # has synsets(word) -> list


def corpus_meteor(
    predictions: Sequence[str], references: Sequence[str], matcher: Matcher
) -> MetricStatistics:
    """Mean METEOR with nltk's defaults (alpha 0.9, beta 3, gamma 0.5), a percentage.

    nltk lower-cases the words; a pair of which one side has no word is 0.
    """
    from nltk.translate.meteor_score import meteor_score

    return mean_percentage(
        [
            meteor_score(
                [words(reference)],
                words(prediction),
                stemmer=matcher.stemmer,
                wordnet=matcher.wordnet,
            )
            for prediction, reference in zip(predictions, references, strict=True)
        ]
    )


def load_matcher(language: str = "eng_Latn", nltk_data: Path | None = None) -> Matcher:
    """Choose the best variant that this machine has for a language.

    WordNet is English, so no other language uses it. It is looked for in `nltk_data` where that
    is given, otherwise where nltk looks, which the environment variable NLTK_DATA extends, and
    then where Debian puts it.

    Raises:
        UserError: `nltk_data` was given and holds no WordNet, or a WordNet cannot be read.
    """
    from nltk.stem import PorterStemmer, SnowballStemmer

    if language == "eng_Latn":
        wordnet = _find_wordnet(nltk_data)
        variant = EXACT_STEM if wordnet is None else WORDNET
        return Matcher(variant, _Remembering(PorterStemmer()), wordnet or _NoWordNet())
    stemmer_name = _SNOWBALL.get(language.split("_")[0])
    if stemmer_name is None:
        return Matcher(EXACT, _NoStemmer(), _NoWordNet())
    return Matcher(EXACT_STEM, _Remembering(SnowballStemmer(stemmer_name)), _NoWordNet())


def _find(folder: Path | None) -> Any | None:
    """WordNet's files in a folder of nltk data, or where nltk looks; None where there are none."""
    import nltk.data

    paths = None
    if folder is not None:
        paths = [str(Path(folder).resolve())]
        # nltk opens no file outside its data path, and WordNet's files are opened while in use.
        if paths[0] not in nltk.data.path:
            nltk.data.path.insert(0, paths[0])
    for resource in ("corpora/wordnet.zip/wordnet/", "corpora/wordnet"):
        try:
            return nltk.data.find(resource, paths)
        except LookupError:
            continue
    return None


class _NoWordNet:
    """Stands where nltk expects WordNet; knowing no word, it leaves exact and stem matches."""

    def synsets(self, word: str) -> list:
        return []


class _Remembering:
    """A stemmer that stems a word once: stemming is most of METEOR's time."""

    def __init__(self, stemmer: Any):
        self.stem = cache(stemmer.stem)


class _NoStemmer:
    def stem(self, word: str) -> str:
        return word


def _find_wordnet(folder: Path | None) -> Any | None:
    """nltk's reader of WordNet, or None where no folder was named and none is found."""
    from nltk.corpus.reader import WordNetCorpusReader

    root = _find(folder)
    if root is None and folder is None and (debian := nltk_folder_of_debian()) is not None:
        root = _find(debian)
    if root is None:
        if folder is None:
            return None
        raise UserError(
            f"No WordNet in {folder}: it has neither corpora/wordnet nor corpora/wordnet.zip "
            "that nltk may read (others must not be able to write there); put one there, or "
            "leave the folder out to match exact words and stems only."
        )
    try:
        with warnings.catch_warnings():
            # "The multilingual functions are not available": none is used.
            warnings.simplefilter("ignore")
            return WordNetCorpusReader(root, None)
    except Exception as error:  # a broken copy fails in many ways: KeyError, AssertionError, ...
        raise UserError(
            f"The WordNet at {root} cannot be read ({error}); replace it, or remove it to match "
            "exact words and stems only."
        ) from error
