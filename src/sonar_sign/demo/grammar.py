"""A small grammar that expresses the same meaning in signs, English and Italian.

The signs have a word order of their own (time, object with its number and adjective, subject,
verb, negation), as in topic-comment languages such as ASL; tense, person, number and gender
are expressed in English and Italian only. A translation is therefore never a copy of the signs.
"""

from dataclasses import dataclass

import numpy as np

LANGUAGES = ("eng_Latn", "ita_Latn")


@dataclass(frozen=True)
class Subject:
    """Subject of a sentence, always singular."""

    eng: str
    ita: str
    person: int
    """Grammatical person: 1, 2 or 3."""


@dataclass(frozen=True)
class Verb:
    """The forms of a verb that the grammar needs."""

    eng: tuple[str, str, str, str]
    """Base form, third person singular, past, -ing form."""
    ita_present: tuple[str, str, str]
    """First, second and third person singular."""
    ita_participle: str
    ita_gerund: str
    ita_future: str
    """The stem, to which the ending of the person is added."""


@dataclass(frozen=True)
class Noun:
    """A noun as object of a sentence."""

    eng: tuple[str, str]
    """Singular and plural."""
    ita: tuple[str, str]
    """Singular and plural."""
    ita_article: str
    """Definite article of the singular, with its space where it has one."""
    feminine: bool


@dataclass(frozen=True)
class Adjective:
    """An adjective; only Italian inflects it."""

    eng: str
    ita: tuple[str, str, str, str]
    """Masculine and feminine singular, masculine and feminine plural."""


SUBJECTS = {
    "I": Subject("I", "io", 1),
    "YOU": Subject("you", "tu", 2),
    "TEACHER": Subject("the teacher", "l'insegnante", 3),
    "MOTHER": Subject("the mother", "la madre", 3),
    "FRIEND": Subject("my friend", "il mio amico", 3),
}
VERBS = {
    "CUT": Verb(
        ("cut", "cuts", "cut", "cutting"),
        ("taglio", "tagli", "taglia"), "tagliato", "tagliando", "taglier",
    ),
    "WASH": Verb(
        ("wash", "washes", "washed", "washing"),
        ("lavo", "lavi", "lava"), "lavato", "lavando", "laver",
    ),
    "FIND": Verb(
        ("find", "finds", "found", "finding"),
        ("trovo", "trovi", "trova"), "trovato", "trovando", "trover",
    ),
    "PAINT": Verb(
        ("paint", "paints", "painted", "painting"),
        ("dipingo", "dipingi", "dipinge"), "dipinto", "dipingendo", "dipinger",
    ),
    "BUY": Verb(
        ("buy", "buys", "bought", "buying"),
        ("compro", "compri", "compra"), "comprato", "comprando", "comprer",
    ),
    "CARRY": Verb(
        ("carry", "carries", "carried", "carrying"),
        ("porto", "porti", "porta"), "portato", "portando", "porter",
    ),
}  # fmt: skip
NOUNS = {
    "APPLE": Noun(("apple", "apples"), ("mela", "mele"), "la ", True),
    "BREAD": Noun(("bread roll", "bread rolls"), ("panino", "panini"), "il ", False),
    "DOOR": Noun(("door", "doors"), ("porta", "porte"), "la ", True),
    "CAR": Noun(("car", "cars"), ("macchina", "macchine"), "la ", True),
    "BOOK": Noun(("book", "books"), ("libro", "libri"), "il ", False),
    "SHIRT": Noun(("shirt", "shirts"), ("camicia", "camicie"), "la ", True),
    "TREE": Noun(("tree", "trees"), ("albero", "alberi"), "l'", False),
}
ADJECTIVES = {
    "RED": Adjective("red", ("rosso", "rossa", "rossi", "rosse")),
    "BIG": Adjective("big", ("grande", "grande", "grandi", "grandi")),
    "OLD": Adjective("old", ("vecchio", "vecchia", "vecchi", "vecchie")),
}
TIMES = ("YESTERDAY", "NOW", "TOMORROW")
TWO = "TWO"
NOT = "NOT"

GLOSSES = (*TIMES, *NOUNS, TWO, *ADJECTIVES, *SUBJECTS, *VERBS, NOT)


@dataclass(frozen=True)
class Sentence:
    """One meaning: keys of the tables above; `time` and `adjective` may be None."""

    subject: str
    verb: str
    noun: str
    time: str | None
    adjective: str | None
    two: bool
    """Two objects instead of one."""
    negated: bool

    @property
    def glosses(self) -> tuple[str, ...]:
        """The signs in signing order: time, object, number, adjective, subject, verb, not."""
        parts = (
            self.time,
            self.noun,
            TWO if self.two else None,
            self.adjective,
            self.subject,
            self.verb,
            NOT if self.negated else None,
        )
        return tuple(part for part in parts if part is not None)

    def text(self, language: str) -> str:
        """The sentence in `eng_Latn` or `ita_Latn`, with a capital letter and a full stop."""
        words = {"eng_Latn": _english, "ita_Latn": _italian}[language](self)
        return words[0].upper() + words[1:] + "."


def _english(sentence: Sentence) -> str:
    subject = SUBJECTS[sentence.subject]
    base, third, past, ing = VERBS[sentence.verb].eng
    singular_third = subject.person == 3
    be = {1: "am", 2: "are", 3: "is"}[subject.person]
    do = "does" if singular_third else "do"
    affirmative, negative = {
        "YESTERDAY": (past, f"did not {base}"),
        "NOW": (f"{be} {ing}", f"{be} not {ing}"),
        "TOMORROW": (f"will {base}", f"will not {base}"),
        None: (third if singular_third else base, f"{do} not {base}"),
    }[sentence.time]
    verb = negative if sentence.negated else affirmative
    adjective = f"{ADJECTIVES[sentence.adjective].eng} " if sentence.adjective else ""
    determiner = "two" if sentence.two else "the"
    noun = NOUNS[sentence.noun].eng[sentence.two]
    time = f" {sentence.time.lower()}" if sentence.time else ""
    return f"{subject.eng} {verb} {determiner} {adjective}{noun}{time}"


def _italian(sentence: Sentence) -> str:
    subject, verb = SUBJECTS[sentence.subject], VERBS[sentence.verb]
    person = subject.person - 1
    form = {
        "YESTERDAY": f"{('ho', 'hai', 'ha')[person]} {verb.ita_participle}",
        "NOW": f"{('sto', 'stai', 'sta')[person]} {verb.ita_gerund}",
        "TOMORROW": verb.ita_future + ("ò", "ai", "à")[person],
        None: verb.ita_present[person],
    }[sentence.time]
    time = {"YESTERDAY": "ieri ", "NOW": "adesso ", "TOMORROW": "domani ", None: ""}[sentence.time]
    noun = NOUNS[sentence.noun]
    determiner = "due " if sentence.two else noun.ita_article
    adjective = ""
    if sentence.adjective:
        agreement = 2 * sentence.two + noun.feminine
        adjective = " " + ADJECTIVES[sentence.adjective].ita[agreement]
    negation = "non " if sentence.negated else ""
    return f"{time}{subject.ita} {negation}{form} {determiner}{noun.ita[sentence.two]}{adjective}"


def draw_sentence(rng: np.random.Generator) -> Sentence:
    """Draw one of the 13,440 sentences of the grammar; shorter ones are more likely."""
    return Sentence(
        subject=str(rng.choice(list(SUBJECTS))),
        verb=str(rng.choice(list(VERBS))),
        noun=str(rng.choice(list(NOUNS))),
        time=str(rng.choice(TIMES)) if rng.random() < 0.5 else None,
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
