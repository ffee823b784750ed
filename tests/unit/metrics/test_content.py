"""Content measures on constructed cases, of which the share of errors is known."""

import numpy as np
import pytest

from sonar_sign.core.options import MetricOptions
from sonar_sign.metrics.base import MetricContext
from sonar_sign.metrics.registry import METRICS

CONTENT = "dough oven butter sugar kitchen guitar window garden river".split()  # noqa: SIM905
OTHERS = "zebra quartz violet nickel plasma socket turbine walrus yogurt".split()  # noqa: SIM905


def value(name, predictions, references, further=(), nltk_data=None):
    context = MetricContext(options=MetricOptions(nltk_data=nltk_data), further_references=further)
    found = METRICS[name].compute(predictions, references, context)
    return None if found is None else found.value


@pytest.mark.parametrize("n_wrong", [0, 1, 3, 8])
def test_words_that_were_made_up_or_left_out_are_counted(n_wrong):
    rng = np.random.default_rng(n_wrong)
    references, swapped, shortened = [], [], []
    for _ in range(20):
        words = list(rng.permutation(CONTENT))
        wrong = set(rng.permutation(len(words))[:n_wrong].tolist())
        references.append(f"We take the {' and the '.join(words)}.")
        made_up = [OTHERS[n] if n in wrong else word for n, word in enumerate(words)]
        swapped.append(f"They took a {' or a '.join(made_up)} there")
        kept = [word for n, word in enumerate(words) if n not in wrong]
        shortened.append(f"{' '.join(kept)}")
    # "take" and "took" are content words on both sides, one of which is not the other.
    n = len(CONTENT) + 1
    assert value("hallucinated", swapped, references) == pytest.approx(100 * (n_wrong + 1) / n)
    assert value("omitted", swapped, references) == pytest.approx(100 * (n_wrong + 1) / n)
    assert value("hallucinated", shortened, references) == 0
    assert value("omitted", shortened, references) == pytest.approx(100 * (n_wrong + 1) / n)
    recall = value("content_recall", shortened, references)
    assert recall == pytest.approx(100 - 100 * (n_wrong + 1) / n)
    assert value("content_precision", shortened, references) == 100


def test_stems_and_synonyms_are_counterparts(tiny_wordnet):
    pair = ["The sofa was moved"], ["the couch moves"]
    assert value("hallucinated", *pair) == 50  # sofa; "moved" has the stem of "moves"
    assert value("hallucinated", *pair, nltk_data=tiny_wordnet) == 0
    assert value("omitted", *pair, nltk_data=tiny_wordnet) == 0
    # F1 is of the words as they are written.
    assert value("content_f1", *pair, nltk_data=tiny_wordnet) == 0


def test_a_word_serves_once():
    assert value("hallucinated", ["dog dog dog dog"], ["a dog"]) == 75


def test_of_several_references_the_union_supports_and_the_best_counts():
    predictions, first, second = ["big dog"], ["a large dog"], ["a big cat"]
    assert value("hallucinated", predictions, first) == 50
    assert value("hallucinated", predictions, first, [second]) == 0
    assert value("content_f1", predictions, first, [["big dogs and dog"]]) == pytest.approx(80)


@pytest.mark.parametrize(
    ("kind", "reference", "prediction", "expected"),
    [
        ("numbers", "Add 2 cups and 1,200 grams", "add two cups and 1200 grams", (100, 0, 0)),
        ("numbers", "Add 2 cups and 30 grams", "add 3 cups", (0, 50, 50)),
        ("numbers", "Add 1.5 cups", "add 3 1.5 cups", (50, 50, 0)),
        ("numbers", "Add a cup", "add 3 cups", None),
        ("numbers", "twenty-five", "25", (100, 0, 0)),
        ("numbers", "two hundred and five", "205", (100, 0, 0)),
        ("numbers", "one hundred thousand", "100,000", (100, 0, 0)),
        ("numbers", "three or four", "3 4", (100, 0, 0)),
        ("numbers", "1.50 and 1,5", "1.5 1.5", (100, 0, 0)),
        ("negations", "Do not go", "don't go", (100, 0, 0)),
        ("negations", "Don\u2019t go", "go", (0, 0, 100)),
        ("negations", "No way", "never not", (50, 50, 0)),
        ("names", "I met Ann in Paris", "i met ann in paris", (100, 0, 0)),
        ("names", "I met Ann in Paris", "I met Bob in Paris", (50, 50, 0)),
        ("names", "I met Ann in Paris", "I met her", (0, 0, 100)),
        ("names", "And so I'm here", "And so I'm here", None),
        ("numbers", "no numbers", "none", None),
    ],
)
def test_details_right_wrong_and_missing(kind, reference, prediction, expected):
    found = [
        value(f"{kind}_{outcome}", [prediction], [reference])
        for outcome in ("right", "wrong", "missing")
    ]
    assert found == ([None] * 3 if expected is None else pytest.approx(list(expected)))


def test_a_name_at_the_beginning_is_known_from_other_sentences():
    references = ["Ann sings", "I met Ann", "The dog sees the Ann"]
    assert value("names_right", ["ann sings", "i met ann", "the ann"], references) == 100
    assert value("names_right", ["the", "i", "they"], references) == 0
