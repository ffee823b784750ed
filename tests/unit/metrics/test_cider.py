"""CIDEr-D against its formula and against values worked out by hand."""

import math
from collections import Counter

import pytest

from sonar_sign.metrics.cider import corpus_cider


def test_cider_by_hand():
    # Two references without a common n-gram: each n-gram weighs log 2.
    # Clip 1 is right: 1 for 1- and 2-grams, 0 for 3- and 4-grams: 10 * 2/4 = 5.
    # Clip 2 shares "a" of two words: (log 2)^2 / (2 (log 2)^2) = 1/2 for 1-grams: 10 * 0.5/4.
    value = corpus_cider(["The cat.", "a cat"], ["the cat", "A dog!"]).value
    assert value == pytest.approx(100 * (5 + 1.25) / 2)


def cider_d(predictions, references):
    """Vedantam et al. 2015, equations 1 to 3 and section 6 (CIDEr-D), of tokenised sentences.

    With counts for term frequencies, as the authors' code has them.
    """

    def vector(words, n):
        grams = Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))
        return {gram: count * idf(gram, n) for gram, count in grams.items()}

    def idf(gram, n):
        holding = sum(
            any(tuple(words[i : i + n]) == gram for i in range(len(words) - n + 1))
            for words in references
        )
        return math.log(len(references) / max(1, holding))

    def norm(vector):
        return math.sqrt(sum(weight**2 for weight in vector.values()))

    total = 0.0
    for predicted, wanted in zip(predictions, references, strict=True):
        penalty = math.exp(-((len(predicted) - len(wanted)) ** 2) / (2 * 6**2))
        for n in range(1, 5):
            c, s = vector(predicted, n), vector(wanted, n)
            if norm(c) and norm(s):
                dot = sum(min(c[gram], s[gram]) * s[gram] for gram in c.keys() & s.keys())
                total += 10 * penalty * dot / (norm(c) * norm(s)) / 4
    return total / len(references)


def test_cider_is_what_the_formula_says():
    references = ["the cat sat on the mat", "the dog sat on a log and on it sat", "now add salt"]
    predictions = ["the the cat sat on mat", "a dog sat on the log on a log", "now add more salt"]
    expected = cider_d([text.split() for text in predictions], [t.split() for t in references])
    assert expected > 1
    assert corpus_cider(predictions, references).value == pytest.approx(100 * expected)


def test_cider_ignores_case_and_punctuation():
    plain = corpus_cider(["he said no", "yes"], ["he said no", "yes it is"]).value
    marked = corpus_cider(['He said: "No!"', "Yes..."], ["he said (no)", "yes, it is"]).value
    assert marked == pytest.approx(plain)


def test_cider_counts_characters_where_words_are_not_written_apart():
    spaced = corpus_cider(["他 是 谁", "下 雨"], ["他 们 是 谁", "下 雪"])
    found = corpus_cider(["他是谁？", "下雨"], ["他们是谁", "下雪。"], "zho_Hans")
    assert found.value == pytest.approx(spaced.value) and found.value > 0
    assert found.made_by == "characters, lower case, punctuation dropped"


def test_lists_of_different_length_are_an_error():
    with pytest.raises(ValueError):
        corpus_cider(["a", "b"], ["a"])
