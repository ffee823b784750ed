"""Names, numbers and negations in English sentences: what a small mistake changes most."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from sonar_sign.metrics.function_words import FUNCTION_WORDS

# Texts that several systems share are read once.
KEPT = 1 << 14
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’-][^\W\d_]+)*|[.!?:…\"“”]")
_ENDS = frozenset('.!?:…"“”')
_NEGATIONS = frozenset(
    "not no never none nobody nothing nowhere neither nor without cannot no-one".split()  # noqa: SIM905
)
NEGATION = "not"
_UNITS = {
    **{"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7},
    **{"eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13},
    **{"fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18},
    "nineteen": 19,
}
_TENS = {
    **{"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70},
    **{"eighty": 80, "ninety": 90},
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000}


@lru_cache(maxsize=KEPT)
def tokens(text: str) -> tuple[str, ...]:
    """Words, numbers, and marks at which a sentence or a quotation begins or ends."""
    return tuple(_TOKEN.findall(text))


@lru_cache(maxsize=KEPT)
def negations(text: str) -> Counter[str]:
    """How often a text negates: `not` and its contractions, `no`, `never`, `nothing`, `without`.

    All count as the same word, so that "didn't" and "did not" agree.
    """
    words = [token.lower().replace("’", "'") for token in tokens(text)]
    return Counter({NEGATION: sum(w in _NEGATIONS or w.endswith("n't") for w in words)})


@lru_cache(maxsize=KEPT)
def numbers(text: str) -> Counter[str]:
    """The numbers of a text, in digits: "1,200", "twenty-five" and "two hundred" are 1200, 25, 200.

    "one" alone is left out, because it mostly stands for a noun, and so are ordinals.
    """
    found: Counter[str] = Counter()
    run: list[str] = []
    for token in [part for word in tokens(text.lower()) for part in word.split("-")]:
        if token in _UNITS or token in _TENS or (token in _SCALES and run):
            run.append(token)
        elif token == "and" and run and run[-1] in _SCALES:
            continue
        else:
            found.update(_values(run))
            run = []
            if token[0].isdecimal():
                found[_digits(token)] += 1
    found.update(_values(run))
    return found


def _digits(token: str) -> str:
    """`1,200` is 1200 and `1,5` is 1.5: three digits after a comma are thousands."""
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", token):
        token = token.replace(",", "")
    head, _, tail = token.replace(",", ".").partition(".")
    whole = head.lstrip("0") or "0"
    tail = tail.rstrip("0")
    return f"{whole}.{tail}" if tail else whole


def _values(run: list[str]) -> list[str]:
    """What words of numbers in a row mean; several numbers where they do not make one."""
    if run in ([], ["one"]):
        return []
    found: list[int] = []
    total = current = 0
    last = ""
    for word in run:
        if word in _SCALES:
            current *= _SCALES[word]
            if word != "hundred":
                total, current = total + current, 0
        elif last and not _continues(last, word):
            found.append(total + current)
            total, current = 0, _UNITS.get(word, _TENS.get(word, 0))
        else:
            current += _UNITS.get(word, _TENS.get(word, 0))
        last = word
    return [*map(str, [*found, total + current])]


def _continues(last: str, word: str) -> bool:
    return last in _SCALES or (last in _TENS and 0 < _UNITS.get(word, 0) < 10)


def known_names(references: Iterable[str]) -> frozenset[str]:
    """Words that references write with a capital within sentences, more often than without.

    In lower case, without function words. Names at the beginning of a sentence are told from other
    words by this list.
    """
    capital: Counter[str] = Counter()
    small: Counter[str] = Counter()
    for text in references:
        for token, starts in _with_starts(text):
            if token[0].islower():
                small[token] += 1
            elif not starts and _is_name(token):
                capital[token.lower()] += 1
    return frozenset(word for word, n in capital.items() if n > small[word])


def names(text: str, known: frozenset[str], *, any_case: bool) -> Counter[str]:
    """The names in a text, in lower case, without 's.

    Args:
        known: what `known_names` found.
        any_case: a system may write in lower case, so known names count in any case, and words
            with a capital within a sentence count even if no reference knows them.
    """
    found: Counter[str] = Counter()
    for token, starts in _with_starts(text):
        word = token.lower()
        if word in known:
            found[word] += any_case or token[0].isupper()
        elif any_case and not starts and _is_name(token):
            found[word] += 1
    return +found


def _is_name(token: str) -> bool:
    return token[0].isupper() and token.lower().replace("’", "'") not in FUNCTION_WORDS


@lru_cache(maxsize=KEPT)
def _with_starts(text: str) -> tuple[tuple[str, bool], ...]:
    """The words of a text, each with whether a sentence or a quotation begins with it."""
    if not any(char.islower() for char in text):
        return ()  # all in capitals: they say nothing
    found: list[tuple[str, bool]] = []
    starts = True
    for token in tokens(text):
        if token in _ENDS:
            starts = True
        elif token[0].isalpha():
            found.append((token[:-2] if token.endswith(("'s", "’s")) else token, starts))
            starts = False
        else:
            starts = False
    return tuple(found)
