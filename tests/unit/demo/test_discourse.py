"""Sentences of whole videos, as hard as the options say."""

from dataclasses import replace

import numpy as np
import pytest

from sonar_sign.core.demo_options import PLAIN, DifficultyOptions
from sonar_sign.demo.discourse import draw_texts, draw_videos, is_held_out
from sonar_sign.demo.grammar import LANGUAGES, Sentence, draw_sentences
from sonar_sign.demo.lexicon import ALL_NAMES, ALL_SUBJECTS, TEST_NAMES

HARD = DifficultyOptions(
    long_tail=0.5,
    references=0.3,
    fingerspelling=0.4,
    unseen_names=0.25,
    unseen_combinations=0.3,
    questions=0.2,
    head_negation=0.5,
)


def drawn(split: str, options: DifficultyOptions = HARD, n: int = 100) -> list[Sentence]:
    videos = draw_videos([8] * n, split, options, np.random.default_rng(3))
    return [sentence for video in videos for sentence in video]


@pytest.fixture(scope="module")
def train() -> list[Sentence]:
    return drawn("train")


@pytest.fixture(scope="module")
def test() -> list[Sentence]:
    return drawn("test")


def test_without_difficulty_sentences_are_the_grammars():
    videos = draw_videos([3, 2], "test", PLAIN, np.random.default_rng(1))
    expected = draw_sentences(5, np.random.default_rng(1))
    assert [*videos[0], *videos[1]] == expected
    assert [len(video) for video in videos] == [3, 2]


@pytest.mark.parametrize(
    ("has", "share"),
    [
        (lambda s: s.asks, 0.2),
        (lambda s: s.head_negation, 0.25 * 0.8 * 0.5),
        (lambda s: s.subject in ALL_NAMES and not s.needs_context, 0.4 * (1 - 0.3 * 0.65)),
        # The first sentence of a video points at nothing.
        (lambda s: s.needs_context, 0.3 * 7 / 8),
    ],
)
def test_shares_are_those_of_the_options(train, has, share):
    assert np.mean([has(sentence) for sentence in train]) == pytest.approx(share, abs=0.05)


def test_only_test_has_names_and_combinations_of_its_own(train, test):
    assert not {s.subject for s in train} & set(TEST_NAMES)
    spelled = [s.spelled for s in test if s.spelled]
    assert np.mean([name in TEST_NAMES for name in spelled]) == pytest.approx(0.25, abs=0.06)
    assert not any(is_held_out(s.verb, s.noun) for s in train)
    assert np.mean([is_held_out(s.verb, s.noun) for s in test]) == pytest.approx(0.3, abs=0.06)


def test_a_sentence_that_points_says_what_an_earlier_one_set_up(train, test):
    videos = draw_videos([8] * 100, "test", HARD, np.random.default_rng(3))
    pointing = 0
    for video in videos:
        for number, sentence in enumerate(video):
            if not sentence.needs_context:
                continue
            pointing += 1
            place = sentence.points_to
            # The nearest of the two sentences before that set this place up.
            before = [s for s in video[max(0, number - 2) : number] if s.sets_up == place]
            assert before
            assert getattr(sentence, place.of) == getattr(before[-1], place.of)
            is_last = video[number - 1] is before[-1]
            assert sentence.pronoun == (place.of == "subject" and is_last)
            if place.of == "subject":
                assert ALL_SUBJECTS[sentence.subject].person == 3
            else:
                assert not sentence.two and not before[-1].two
    assert pointing > 100


def test_what_is_pointed_at_cannot_be_read_from_the_signs(train):
    """Sentences of the same signs have different texts, where they need the one before."""
    texts: dict[tuple, set] = {}
    for sentence in drawn("train", replace(HARD, references=1.0), 200):
        if sentence.needs_context and not sentence.pronoun:
            key = (sentence.glosses, sentence.asks, sentence.negated)
            texts.setdefault(key, set()).add(sentence.text("eng_Latn"))
    assert sum(len(found) > 1 for found in texts.values()) > 20


def test_frequencies_have_a_long_tail(train):
    verbs = [sentence.verb for sentence in train]
    counts = {verb: verbs.count(verb) for verb in set(verbs)}
    assert max(counts.values()) > 2 * min(counts.values())


def test_the_large_vocabulary_has_three_times_the_signs():
    small, large = (
        {gloss for s in drawn("train", replace(HARD, vocabulary=size), 400) for gloss in s.glosses}
        for size in ("small", "large")
    )
    assert small < large and len(large) >= 3 * len(small)


def test_texts_for_sonar_have_every_name_and_leave_out_what_is_excluded():
    texts = draw_texts(2000, HARD, np.random.default_rng(5), frozenset())
    assert set(TEST_NAMES) <= {s.subject for s in texts}
    english = sorted({s.text("eng_Latn") for s in texts})
    exclude = frozenset(english[::2])
    again = draw_texts(2000, HARD, np.random.default_rng(5), exclude)
    assert len(again) == 2000
    assert not exclude & {s.text("eng_Latn") for s in again}


def test_meanings_differ_in_every_language(train):
    for language in LANGUAGES:
        by_text: dict[str, set] = {}
        for s in train:
            said = (s.pronoun or s.subject, s.verb, s.noun, s.time, s.adjective, s.two)
            by_text.setdefault(s.text(language), set()).add((*said, s.asks, s.negated))
        assert all(len(meanings) == 1 for meanings in by_text.values())
