"""METEOR against values worked out by others or by hand."""

import pytest

from sonar_sign.metrics.meteor import corpus_meteor, load_matcher


def meteor(prediction, reference, language="eng_Latn", nltk_data=None):
    matcher = load_matcher(language, nltk_data)
    return corpus_meteor([prediction], [reference], matcher).value


@pytest.mark.parametrize(
    ("reference", "prediction", "expected"),
    [
        # nltk/translate/meteor_score.py, in the docstring of single_meteor_score
        (
            "It is a guide to action that ensures that the military will forever heed Party "
            "commands",
            "It is a guide to action which ensures that the military always obeys the commands "
            "of the party",
            0.6944,
        ),
        ("this is a cat", "non matching hypothesis", 0.0),
        # nltk/test/meteor.doctest
        ("The candidate has no alignment to any of the references", "John loves Mary", 0.0),
        ("The cat sat on the mat", "on the mat sat the cat", 0.5),
        ("The cat sat on the mat", "The cat was sat on the mat", 0.9654),
        (
            "create or update a vm set",
            "creates or updates a virtual machine scale set",
            0.7806,
        ),
    ],
)
def test_meteor_as_documented_by_nltk(reference, prediction, expected):
    assert meteor(prediction, reference) == pytest.approx(100 * expected, abs=0.005)


def test_meteor_by_hand():
    # Precision and recall 1, one chunk of 6 words: penalty 0.5 * (1/6)^3.
    assert meteor("The cat sat on the mat", "the cat sat on the mat") == pytest.approx(
        100 * (1 - 0.5 * (1 / 6) ** 3)
    )
    # "ovens" matches "oven" by its stem: 4 words, one chunk.
    assert meteor("the ovens is hot", "the oven is hot") == pytest.approx(
        100 * (1 - 0.5 * (1 / 4) ** 3)
    )
    # "stove" does not: 3 of 4 words on both sides, chunks "the" and "is hot".
    assert meteor("the stove is hot", "the oven is hot") == pytest.approx(
        100 * 0.75 * (1 - 0.5 * (2 / 3) ** 3)
    )


def test_meteor_stems_in_the_language_of_the_text():
    assert meteor("gatti", "gatto", "ita_Latn") == pytest.approx(50)  # one word: penalty 0.5
    assert meteor("gatti", "gatto", "eng_Latn") == 0
    assert load_matcher("ita_Latn").variant == "nltk-exact-stem"
    assert load_matcher("zul_Latn").variant == "nltk-exact"


def test_meteor_uses_wordnet_where_a_folder_is_given(tiny_wordnet):
    # A synonym counts as a match: all 4 words in one chunk, as if they were equal.
    pair = ("the couch is red", "the sofa is red")
    assert meteor(*pair, nltk_data=tiny_wordnet) == pytest.approx(100 * (1 - 0.5 * (1 / 4) ** 3))
    assert load_matcher("eng_Latn", tiny_wordnet).variant == "nltk-wordnet"
    # WordNet is English.
    assert load_matcher("ita_Latn", tiny_wordnet).variant == "nltk-exact-stem"


def test_meteor_without_wordnet_says_so():
    assert load_matcher().variant == "nltk-exact-stem"


def test_meteor_counts_characters_where_words_are_not_written_apart():
    matcher = load_matcher("zho_Hans")
    spaced = corpus_meteor(["他 是 谁"], ["他 们 是 谁"], load_matcher("ita_Latn"))
    found = corpus_meteor(["他是谁"], ["他们是谁"], matcher)
    assert found.value == pytest.approx(spaced.value) and 0 < found.value < 100
    assert found.made_by == "nltk-exact-characters"
