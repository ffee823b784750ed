"""The demo's grammar: three parallel ways of saying the same thing."""

import dataclasses

import numpy as np
import pytest

from sonar_sign.demo.grammar import (
    ADJECTIVES,
    GLOSSES,
    LANGUAGES,
    NOUNS,
    SUBJECTS,
    VERBS,
    Place,
    Sentence,
    draw_sentences,
)

HERE, THERE = Place("near", "subject"), Place("across", "noun")


@pytest.fixture(scope="module")
def sentences() -> list[Sentence]:
    return draw_sentences(2000, np.random.default_rng(0))


def test_has_26_different_signs():
    assert len(GLOSSES) == len(set(GLOSSES)) == 26


@pytest.mark.parametrize(
    ("sentence", "glosses", "english", "italian"),
    [
        (
            Sentence("TEACHER", "CUT", "APPLE", "YESTERDAY", "RED", True, False),
            ("YESTERDAY", "APPLE", "TWO", "RED", "TEACHER", "CUT"),
            "The teacher cut two red apples yesterday.",
            "Ieri l'insegnante ha tagliato due mele rosse.",
        ),
        (
            Sentence("I", "WASH", "CAR", None, None, False, True),
            ("CAR", "I", "WASH", "NOT"),
            "I do not wash the car.",
            "Io non lavo la macchina.",
        ),
        (
            Sentence("FRIEND", "PAINT", "TREE", "TOMORROW", "OLD", False, False),
            ("TOMORROW", "TREE", "OLD", "FRIEND", "PAINT"),
            "My friend will paint the old tree tomorrow.",
            "Domani il mio amico dipingerà l'albero vecchio.",
        ),
        (
            Sentence("YOU", "FIND", "BOOK", "NOW", None, True, True),
            ("NOW", "BOOK", "TWO", "YOU", "FIND", "NOT"),
            "You are not finding two books now.",
            "Adesso tu non stai trovando due libri.",
        ),
        (
            Sentence("ANNA", "BUY", "CAR", None, None, False, True, head_negation=True),
            ("CAR", "#A", "#N", "#N", "#A", "BUY"),
            "Anna does not buy the car.",
            "Anna non compra la macchina.",
        ),
        (
            Sentence("I", "FIND", "DOOR", "YESTERDAY", None, False, False, asks=True),
            ("YESTERDAY", "DOOR", "I", "FIND"),
            "Did I find the door yesterday?",
            "Ieri io ho trovato la porta?",
        ),
        (
            Sentence("YOU", "WASH", "CAR", "NOW", None, True, False, asks=True),
            ("NOW", "CAR", "TWO", "YOU", "WASH"),
            "Are you washing two cars now?",
            "Adesso tu stai lavando due macchine?",
        ),
        (
            Sentence("BOB", "CUT", "TREE", "TOMORROW", None, False, False, sets_up=HERE),
            ("TOMORROW", "TREE", "#B", "#O", "#B", "POINT_NEAR", "CUT"),
            "Bob will cut the tree tomorrow.",
            "Domani Bob taglierà l'albero.",
        ),
        (
            Sentence("MOTHER", "CUT", "TREE", None, None, False, False, points_to=HERE),
            ("TREE", "POINT_NEAR", "CUT"),
            "The mother cuts the tree.",
            "La madre taglia l'albero.",
        ),
        (
            Sentence(
                "MOTHER", "CUT", "TREE", None, None, False, True, False, False, None, HERE, True
            ),
            ("TREE", "POINT_NEAR", "CUT", "NOT"),
            "She does not cut the tree.",
            "Lei non taglia l'albero.",
        ),
        (
            Sentence("I", "GLUE", "KNIFE", "LAST_YEAR", "WHITE", True, False),
            ("LAST_YEAR", "KNIFE", "TWO", "WHITE", "I", "GLUE"),
            "I glued two white knives last year.",
            "L'anno scorso io ho incollato due coltelli bianchi.",
        ),
        (
            Sentence("I", "STEAL", "MIRROR", "SOON", None, False, False, sets_up=THERE),
            ("SOON", "MIRROR", "POINT_ACROSS", "I", "STEAL"),
            "I will steal the mirror soon.",
            "Presto io ruberò lo specchio.",
        ),
    ],
)
def test_says_the_same_in_signs_english_and_italian(sentence, glosses, english, italian):
    assert sentence.glosses == glosses
    assert sentence.text("eng_Latn") == english
    assert sentence.text("ita_Latn") == italian


def test_every_combination_has_a_text_in_both_languages():
    for subject in SUBJECTS:
        for verb in VERBS:
            for noun in NOUNS:
                for adjective in (None, *ADJECTIVES):
                    sentence = Sentence(subject, verb, noun, "NOW", adjective, True, True)
                    for language in LANGUAGES:
                        text = sentence.text(language)
                        assert text[0].isupper() and text.endswith(".") and "  " not in text


def test_meanings_differ_in_every_language(sentences):
    """No two meanings share a text, so a caption can be translated without guessing."""
    different = set(sentences)
    for language in LANGUAGES:
        assert len({sentence.text(language) for sentence in different}) == len(different)


def test_signs_do_not_come_in_the_order_of_english_words(sentences):
    for sentence in sentences:
        words = sentence.text("eng_Latn").lower()
        noun = words.index(NOUNS[sentence.noun].eng[sentence.two])
        subject = words.index(SUBJECTS[sentence.subject].eng.lower())
        glosses = sentence.glosses
        assert subject < noun
        assert glosses.index(sentence.noun) < glosses.index(sentence.subject)


def test_sentences_have_three_to_seven_signs_and_use_all_of_them(sentences):
    lengths = {len(sentence.glosses) for sentence in sentences}
    assert lengths == {3, 4, 5, 6, 7}
    assert {gloss for sentence in sentences for gloss in sentence.glosses} == set(GLOSSES)


def test_draws_are_reproducible_and_leave_out_what_is_forbidden():
    first = draw_sentences(200, np.random.default_rng(5))
    assert first == draw_sentences(200, np.random.default_rng(5))
    assert first != draw_sentences(200, np.random.default_rng(6))
    forbidden = frozenset(first[:100])
    again = draw_sentences(200, np.random.default_rng(5), without=forbidden)
    assert len(again) == 200
    assert not forbidden & set(again)


def test_a_sentence_cannot_be_changed_by_accident():
    sentence = draw_sentences(1, np.random.default_rng(0))[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        sentence.two = True
