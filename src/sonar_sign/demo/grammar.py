"""A small grammar that expresses the same meaning in signs, English and Italian.

The signs have a word order of their own (time, object with its number and adjective, subject,
verb, negation), as in topic-comment languages such as ASL; tense, person, number and gender
are expressed in English and Italian only. A translation is therefore never a copy of the signs.
"""

from dataclasses import dataclass

import numpy as np

from sonar_sign.demo.lexicon import (
    ADJECTIVES,
    ALL_ADJECTIVES,
    ALL_NAMES,
    ALL_NOUNS,
    ALL_SUBJECTS,
    ALL_TIMES,
    ALL_VERBS,
    NOUNS,
    SUBJECTS,
    TIMES,
    VERBS,
    Subject,
)

LANGUAGES = ("eng_Latn", "ita_Latn")
TWO = "TWO"
NOT = "NOT"

GLOSSES = (*TIMES, *NOUNS, TWO, *ADJECTIVES, *SUBJECTS, *VERBS, NOT)
"""The signs of the small vocabulary."""
POINTS = {"near": "POINT_NEAR", "across": "POINT_ACROSS"}
"""The signs that point to a place beside the signer: on the side of the hand, or on the other."""
LETTER = "#"
"""Begins the gloss of a letter: `#A`."""


@dataclass(frozen=True)
class Place:
    """A place in space that stands for a person or a thing of a video."""

    side: str
    """A key of `POINTS`."""
    of: str
    """`subject` or `noun`: the part of the sentence that is there."""


@dataclass(frozen=True)
class Sentence:
    """One meaning: keys of the lexicon's tables; `time` and `adjective` may be None."""

    subject: str
    verb: str
    noun: str
    time: str | None
    adjective: str | None
    two: bool
    """Two objects instead of one."""
    negated: bool
    asks: bool = False
    """A question, which only face and head show."""
    head_negation: bool = False
    """Negated by a shake of the head, without a sign."""
    sets_up: Place | None = None
    """A place to which later sentences of the video point."""
    points_to: Place | None = None
    """A place that a sentence before has set up: subject or noun is signed by pointing there."""
    pronoun: bool = False
    """English and Italian have "he" or "she" for the subject that is pointed to."""

    @property
    def needs_context(self) -> bool:
        """Whether its texts say what only a sentence before has signed."""
        return self.points_to is not None

    @property
    def spelled(self) -> str:
        """The name that is spelled; empty without one."""
        pointed = self.points_to is not None and self.points_to.of == "subject"
        return self.subject if self.subject in ALL_NAMES and not pointed else ""

    @property
    def glosses(self) -> tuple[str, ...]:
        """The signs in signing order: time, object, number, adjective, subject, verb, not."""
        negated = self.negated and not self.head_negation
        return (
            *([self.time] if self.time else []),
            *self._signs_of("noun", self.noun),
            *([TWO] if self.two else []),
            *([self.adjective] if self.adjective else []),
            *self._signs_of("subject", self.subject),
            self.verb,
            *([NOT] if negated else []),
        )

    def _signs_of(self, part: str, word: str) -> list[str]:
        if self.points_to is not None and self.points_to.of == part:
            return [POINTS[self.points_to.side]]
        signs = [f"{LETTER}{letter}" for letter in word] if word in ALL_NAMES else [word]
        if self.sets_up is not None and self.sets_up.of == part:
            signs.append(POINTS[self.sets_up.side])
        return signs

    def text(self, language: str) -> str:
        """The sentence in `eng_Latn` or `ita_Latn`, with a capital letter and a full stop."""
        words = {"eng_Latn": _english, "ita_Latn": _italian}[language](self)
        return words[0].upper() + words[1:] + ("?" if self.asks else ".")


def _subject(sentence: Sentence) -> Subject:
    subject = ALL_SUBJECTS[sentence.subject]
    if not sentence.pronoun:
        return subject
    words = ("she", "lei") if subject.feminine else ("he", "lui")
    return Subject(*words, 3, subject.feminine)


def _english(sentence: Sentence) -> str:
    subject = _subject(sentence)
    base, third, past, ing = ALL_VERBS[sentence.verb].eng
    singular_third = subject.person == 3
    be = {1: "am", 2: "are", 3: "is"}[subject.person]
    do = "does" if singular_third else "do"
    time = ALL_TIMES[sentence.time] if sentence.time else None
    auxiliary, affirmative, verb = {
        "past": ("did", past, base),
        "progressive": (be, f"{be} {ing}", ing),
        "future": ("will", f"will {base}", base),
        None: (do, third if singular_third else base, base),
    }[time.tense if time else None]
    adjective = f"{ALL_ADJECTIVES[sentence.adjective].eng} " if sentence.adjective else ""
    determiner = "two" if sentence.two else "the"
    noun = ALL_NOUNS[sentence.noun].eng[sentence.two]
    rest = f"{determiner} {adjective}{noun}{f' {time.eng}' if time else ''}"
    if sentence.asks:
        negation = "not " if sentence.negated else ""
        return f"{auxiliary} {subject.eng} {negation}{verb} {rest}"
    predicate = f"{auxiliary} not {verb}" if sentence.negated else affirmative
    return f"{subject.eng} {predicate} {rest}"


def _italian(sentence: Sentence) -> str:
    subject, verb = _subject(sentence), ALL_VERBS[sentence.verb]
    person = subject.person - 1
    time = ALL_TIMES[sentence.time] if sentence.time else None
    form = {
        "past": f"{('ho', 'hai', 'ha')[person]} {verb.ita_participle}",
        "progressive": f"{('sto', 'stai', 'sta')[person]} {verb.ita_gerund}",
        "future": verb.ita_future + ("ò", "ai", "à")[person],
        None: verb.ita_present[person],
    }[time.tense if time else None]
    noun = ALL_NOUNS[sentence.noun]
    determiner = "due " if sentence.two else noun.ita_article
    adjective = ""
    if sentence.adjective:
        agreement = 2 * sentence.two + noun.feminine
        adjective = " " + ALL_ADJECTIVES[sentence.adjective].ita[agreement]
    negation = "non " if sentence.negated else ""
    when = f"{time.ita} " if time else ""
    object_ = f"{determiner}{noun.ita[sentence.two]}{adjective}"
    return f"{when}{subject.ita} {negation}{form} {object_}"


def draw_sentence(rng: np.random.Generator) -> Sentence:
    """Draw one of the small vocabulary's 13,440 sentences; shorter ones are more likely."""
    return Sentence(
        subject=str(rng.choice(list(SUBJECTS))),
        verb=str(rng.choice(list(VERBS))),
        noun=str(rng.choice(list(NOUNS))),
        time=str(rng.choice(list(TIMES))) if rng.random() < 0.5 else None,
        adjective=str(rng.choice(list(ADJECTIVES))) if rng.random() < 0.4 else None,
        two=bool(rng.random() < 0.3),
        negated=bool(rng.random() < 0.25),
    )


def draw_sentences(
    n: int, rng: np.random.Generator, without: frozenset[Sentence] = frozenset()
) -> list[Sentence]:
    """Draw `n` sentences that are not in `without`; a sentence may occur more than once."""
    drawn: list[Sentence] = []
    while len(drawn) < n:
        sentence = draw_sentence(rng)
        if sentence not in without:
            drawn.append(sentence)
    return drawn
