"""Draws the sentences of whole videos, as hard as `DifficultyOptions` says.

Without any difficulty they are those of `grammar.draw_sentences`, one after the other.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from sonar_sign.core.demo_options import PLAIN, DifficultyOptions
from sonar_sign.demo.grammar import (
    ADJECTIVES,
    NOUNS,
    SUBJECTS,
    TIMES,
    VERBS,
    Place,
    Sentence,
    draw_sentences,
)
from sonar_sign.demo.lexicon import (
    ALL_ADJECTIVES,
    ALL_NOUNS,
    ALL_SUBJECTS,
    ALL_TIMES,
    ALL_VERBS,
    MORE_NAMES,
    MORE_SUBJECTS,
    NAMES,
    TEST_NAMES,
)

TEST = "test"
# Every 5th pair of a verb and an object is one that train never has together.
HELD_OUT_PAIRS = 5
# Of the references, those to a thing; the others are to a person.
THINGS = 0.35
# How far back references point: to the sentence before, or to the one before that.
LATEST = 0.5
ATTEMPTS = 6
"""How often another antecedent is chosen, where the one that was chosen cannot be set up."""


def draw_videos(
    sizes: list[int], split: str, options: DifficultyOptions, rng: np.random.Generator
) -> list[tuple[Sentence, ...]]:
    """Draw the sentences of videos.

    Args:
        sizes: the number of sentences of each video.
        split: only test has names and combinations of its own.
    """
    if draws_plainly(options):
        sentences = iter(draw_sentences(sum(sizes), rng))
        return [tuple(next(sentences) for _ in range(n)) for n in sizes]
    drawing = Drawing(options, rng, split == TEST)
    return [drawing.video(n) for n in sizes]


def draws_plainly(options: DifficultyOptions) -> bool:
    """Whether the options change nothing about the sentences."""
    names = ("vocabulary", "long_tail", "references", "fingerspelling", "unseen_names")
    names += ("unseen_combinations", "questions", "head_negation")
    return all(getattr(options, name) == getattr(PLAIN, name) for name in names)


class Drawing:
    """Draws sentences of one split.

    Args:
        options: how hard they are.
        rng: draws everything.
        is_test: whether names and combinations that only test has may come.
        is_text: for the stand-in for SONAR, which knows all words: any name and combination.
    """

    def __init__(
        self,
        options: DifficultyOptions,
        rng: np.random.Generator,
        is_test: bool = False,
        is_text: bool = False,
    ):
        self.options, self.rng, self.is_test, self.is_text = options, rng, is_test, is_text
        large = options.vocabulary == "large"
        self.subjects = [*SUBJECTS, *(MORE_SUBJECTS if large else ())]
        self.people = [name for name in self.subjects if ALL_SUBJECTS[name].person == 3]
        self.names = [*NAMES, *(MORE_NAMES if large else ())]
        self.verbs = list(ALL_VERBS if large else VERBS)
        self.nouns = list(ALL_NOUNS if large else NOUNS)
        self.adjectives = list(ALL_ADJECTIVES if large else ADJECTIVES)
        self.times = list(ALL_TIMES if large else TIMES)

    def video(self, n: int) -> tuple[Sentence, ...]:
        """The sentences of one video; later ones may point at what earlier ones set up."""
        sentences: list[Sentence] = []
        for number in range(n):
            sentences.append(self.sentence())
            if number and self.rng.random() < self.options.references:
                for _ in range(ATTEMPTS):
                    if self._refer(sentences, number):
                        break
        return tuple(sentences)

    def sentence(self) -> Sentence:
        """A sentence that stands by itself."""
        rng, options = self.rng, self.options
        verb, noun = self._verb_and_noun()
        asks = bool(rng.random() < options.questions)
        negated = bool(rng.random() < 0.25) and not asks
        return Sentence(
            subject=self._subject(),
            verb=verb,
            noun=noun,
            time=self._word(self.times) if rng.random() < 0.5 else None,
            adjective=self._word(self.adjectives) if rng.random() < 0.4 else None,
            two=bool(rng.random() < 0.3),
            negated=negated,
            asks=asks,
            head_negation=negated and bool(rng.random() < options.head_negation),
        )

    def _subject(self) -> str:
        if self.rng.random() >= self.options.fingerspelling:
            return self._word(self.subjects)
        if self.is_text:
            unseen = len(TEST_NAMES) / (len(TEST_NAMES) + len(self.names))
        else:
            unseen = self.options.unseen_names if self.is_test else 0.0
        return self._word(list(TEST_NAMES) if self.rng.random() < unseen else self.names)

    def _verb_and_noun(self) -> tuple[str, str]:
        unseen = self.is_test and self.rng.random() < self.options.unseen_combinations
        while True:
            verb, noun = self._word(self.verbs), self._word(self.nouns)
            if self.is_text or self._holds_out(verb, noun) == unseen:
                return verb, noun

    def _holds_out(self, verb: str, noun: str) -> bool:
        return self.options.unseen_combinations > 0 and is_held_out(verb, noun)

    def _word(self, words: list[str]) -> str:
        """Zipf's law: the word of rank r with a probability of 1 / r to the exponent."""
        weights = np.arange(1.0, len(words) + 1) ** -self.options.long_tail
        return words[self.rng.choice(len(words), p=weights / weights.sum())]

    def _refer(self, sentences: list[Sentence], number: int) -> bool:
        """Let the last sentence point at what one of the two before has set up, if it can."""
        of = "noun" if self.rng.random() < THINGS else "subject"
        far = number > 1 and self.rng.random() >= LATEST
        earlier = number - 2 if far else number - 1
        # The side says which of the two sentences is meant.
        place = Place("near" if earlier % 2 else "across", of)
        antecedent = sentences[earlier]
        if antecedent.sets_up not in (None, place) or antecedent.points_to is not None:
            return False
        verb = sentences[number].verb
        if of == "noun" and not self.is_test and self._holds_out(verb, antecedent.noun):
            return False
        if of == "subject" and ALL_SUBJECTS[antecedent.subject].person != 3:
            antecedent = replace(antecedent, subject=self._word(self.people))
        changed: dict[str, Any] = {"subject": antecedent.subject, "pronoun": not far}
        if of == "noun":
            antecedent = replace(antecedent, two=False)
            changed = {"noun": antecedent.noun, "two": False, "adjective": None}
        sentences[earlier] = replace(antecedent, sets_up=place)
        sentences[number] = replace(sentences[number], points_to=place, **changed)
        return True


def is_held_out(verb: str, noun: str) -> bool:
    """Whether train never has this verb with this object."""
    verbs, nouns = list(ALL_VERBS), list(ALL_NOUNS)
    return (verbs.index(verb) + 2 * nouns.index(noun)) % HELD_OUT_PAIRS == 0


def draw_texts(
    n: int, options: DifficultyOptions, rng: np.random.Generator, exclude: frozenset[str]
) -> list[Sentence]:
    """`n` sentences for a model of text, whose English is not in `exclude`."""
    if draws_plainly(options):
        sentences: list[Sentence] = []
        while len(sentences) < n:
            drawn = draw_sentences(n - len(sentences), rng)
            sentences += [s for s in drawn if s.text("eng_Latn") not in exclude]
        return sentences
    drawing = Drawing(options, rng, is_text=True)
    sentences = []
    while len(sentences) < n:
        drawn = [sentence for _ in range(8) for sentence in drawing.video(8)]
        sentences += [s for s in drawn if s.text("eng_Latn") not in exclude]
    return sentences[:n]
