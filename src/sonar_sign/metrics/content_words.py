"""Content words of English sentences, and which of them have a counterpart in another sentence."""

from collections import Counter
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

from sonar_sign.metrics.function_words import FUNCTION_WORDS
from sonar_sign.metrics.meteor import Matcher
from sonar_sign.metrics.tokens import words


@lru_cache(maxsize=1 << 14)
def content_words(text: str) -> tuple[str, ...]:
    """The words of a text that are no function words, in lower case, without 's."""
    found = []
    for word in words(text.lower().replace("’", "'")):
        if any(char.isalnum() for char in word) and word not in FUNCTION_WORDS:
            found.append(word.removesuffix("'s"))
    return tuple(found)


class Counterparts:
    """Finds for words of one sentence those of another: the same word, stem, or a synonym."""

    def __init__(self, matcher: Matcher):
        self._stem = cache(matcher.stemmer.stem)
        self._synonyms = cache(lambda word: _synonyms(matcher.wordnet, word))

    def n_without(self, some: Sequence[str], others: Sequence[str]) -> int:
        """How many of some words have no counterpart; every one of the others serves once.

        Equal words are paired first, then equal stems, then synonyms of WordNet (a word that
        stands in a set of synonyms with the other one).
        """
        left = Counter(others)
        rest = []
        for word in some:
            if left[word]:
                left[word] -= 1
            else:
                rest.append(word)
        free = [*left.elements()]
        for agree in (self._same_stem, self._are_synonyms):
            rest = [word for word in rest if not _taken(word, free, agree)]
        return len(rest)

    def _same_stem(self, word: str, other: str) -> bool:
        return self._stem(word) == self._stem(other)

    def _are_synonyms(self, word: str, other: str) -> bool:
        return other in self._synonyms(word) or word in self._synonyms(other)


def _taken(word: str, free: list[str], agree: Any) -> bool:
    """Whether a free word agrees, which is then no longer free."""
    for place, other in enumerate(free):
        if agree(word, other):
            del free[place]
            return True
    return False


def _synonyms(wordnet: Any, word: str) -> frozenset[str]:
    return frozenset(
        lemma.name().lower() for synset in wordnet.synsets(word) for lemma in synset.lemmas()
    )
