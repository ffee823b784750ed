"""Cues joined into sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonar_sign.corpora.cue_cleaning import CleanCue
from sonar_sign.corpora.cue_sentences import Limits, sentences_of

LIMITS = Limits(gap_s=2.0, duration_s=10.0, characters=60)


def cues(*texts: str, step: float = 1.0, length: float = 1.0) -> list[CleanCue]:
    return [
        CleanCue(at + 1, at * step, at * step + length, text, is_repeat=False)
        for at, text in enumerate(texts)
    ]


def joined(found: list[CleanCue], limits: Limits = LIMITS) -> list[tuple]:
    return [(s.first, s.last, s.start_s, s.end_s, s.text) for s in sentences_of(found, limits)]


def test_a_sentence_goes_on_to_its_end():
    assert joined(cues("My name", "is Ann.", "I sign!", "Do you")) == [
        (1, 2, 0.0, 2.0, "My name is Ann."),
        (3, 3, 2.0, 3.0, "I sign!"),
        (4, 4, 3.0, 4.0, "Do you"),
    ]


@pytest.mark.parametrize("end", [".", "?", '."', ".)", "…", "。", "！", "؟", "?!"])
def test_what_ends_a_sentence(end):
    assert len(joined(cues(f"One{end}", f"two{end}"))) == 2


def test_limits():
    gap = cues("My name", "is Ann.", step=3.1)
    assert len(joined(gap)) == 2
    assert len(joined(cues("My name", "is Ann.", step=3.0))) == 1
    long = cues(*["word"] * 5, "end.", step=2.0, length=2.0)
    assert [s[:2] for s in joined(long)] == [(1, 5), (6, 6)]
    wide = cues("a" * 40, "b" * 30 + ".")
    assert len(joined(wide)) == 2


def test_captions_without_punctuation_are_not_joined():
    assert len(joined(cues(*["so this goes on"] * 20))) == 20


def test_what_says_nothing_does_not_end_a_sentence():
    found = joined(cues("My name", "", "is Ann."))
    assert sorted(found) == [(1, 3, 0.0, 3.0, "My name is Ann."), (2, 2, 1.0, 2.0, "")]


def test_a_cue_that_overlaps_the_next_ends_there():
    found = joined(cues("One.", "Two.", "Three.", length=1.5))
    assert [(s[2], s[3]) for s in found] == [(0.0, 1.0), (1.0, 2.0), (2.0, 3.5)]


def test_times_that_are_none_or_reversed_stay_alone():
    found = [
        CleanCue(1, 0.0, 1.0, "My name", is_repeat=False),
        CleanCue(2, 1.0, 0.5, "is", is_repeat=False),
        CleanCue(3, 2.0, 3.0, "Ann.", is_repeat=False),
        CleanCue(4, None, 3.0, "Bye.", is_repeat=False),
    ]
    assert [s[:2] for s in joined(found)] == [(1, 1), (2, 2), (3, 3), (4, 4)]


TEXTS = st.sampled_from(["", "word", "end.", "long " * 20, "你好。"])
TIMES = st.one_of(st.none(), st.floats(-10, 100, allow_nan=False))


@given(st.lists(st.tuples(TIMES, TIMES, TEXTS), max_size=30))
def test_every_cue_is_in_one_sentence(rows):
    found = [CleanCue(n, *row, is_repeat=False) for n, row in enumerate(rows, start=1)]
    ends = [cue.number for cue in found if cue.text]
    sentences = sentences_of(found, LIMITS)
    words = sum(len(s.text.split()) for s in sentences)
    assert words == sum(len(cue.text.split()) for cue in found)
    said = [s for s in sentences if s.text]
    assert len({s.first for s in said}) == len(said) <= len(ends)
    assert all(s.first == s.last or len(s.text) <= LIMITS.characters for s in sentences)
