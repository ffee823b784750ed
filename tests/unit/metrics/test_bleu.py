"""BLEU against sacreBLEU and against values worked out by hand."""

import math

import numpy as np
import pytest
import sacrebleu
from metric_texts import PREDICTIONS, REFERENCES
from sacrebleu_command import sacrebleu_command

from sonar_sign.metrics.bleu import (
    bleu_4_of_rows,
    bleu_of_sums,
    bleu_signature,
    corpus_bleu,
    sentence_bleu,
)


def test_bleu_4_is_what_the_sacrebleu_command_says(tmp_path):
    told = sacrebleu_command(tmp_path, PREDICTIONS, REFERENCES, "-m", "bleu")["BLEU"]
    bleu = corpus_bleu(PREDICTIONS, REFERENCES)
    assert bleu.value == pytest.approx(told["score"], abs=1e-10)
    assert bleu_signature() == bleu.made_by == told["signature"]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_each_order_is_sacrebleus_corpus_score_exactly(order):
    whole = sacrebleu.BLEU(max_ngram_order=order).corpus_score(PREDICTIONS, [REFERENCES])
    assert corpus_bleu(PREDICTIONS, REFERENCES, order).value == whole.score


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_any_choice_of_rows_scores_as_that_choice_of_sentences(order):
    rows = np.array([5, 0, 0, 2])
    predictions, references = ([texts[row] for row in rows] for texts in (PREDICTIONS, REFERENCES))
    bleu = corpus_bleu(PREDICTIONS, REFERENCES, order)
    whole = sacrebleu.BLEU(max_ngram_order=order).corpus_score(predictions, [references])
    assert bleu.score(bleu.statistics[rows].sum(axis=0)) == whole.score


def test_bleu_by_hand():
    # 5 words for 6; matched n-grams 5 of 5, 3 of 4, 2 of 3, 1 of 2.
    pair = ["the cat sat on mat"], ["the cat sat on the mat"]
    precisions = [5 / 5, 3 / 4, 2 / 3, 1 / 2]
    for order in (1, 2, 3, 4):
        mean = math.prod(precisions[:order]) ** (1 / order)
        assert corpus_bleu(*pair, order).value == pytest.approx(100 * math.exp(1 - 6 / 5) * mean)


def test_bleu_by_hand_with_smoothing_and_case():
    # "the" is not "The". No bigram of 2 and no trigram of 1 matches: exponential smoothing
    # counts 1/2 and 1/4.
    scores = [corpus_bleu(["the sat cat"], ["The cat sat"], order) for order in (1, 2, 3)]
    assert scores[0].value == pytest.approx(100 * 2 / 3)
    assert scores[1].value == pytest.approx(100 * (2 / 3 * (1 / 2) / 2) ** (1 / 2))
    assert scores[2].value == pytest.approx(100 * (2 / 3 * (1 / 2) / 2 * (1 / 4) / 1) ** (1 / 3))


def test_sentence_bleu_is_sacrebleus_with_effective_order():
    for prediction, reference in zip(PREDICTIONS, REFERENCES, strict=True):
        expected = sacrebleu.sentence_bleu(prediction, [reference], use_effective_order=True).score
        assert sentence_bleu(prediction, reference) == expected
    assert sentence_bleu("Thank you!", "Thank you!") == pytest.approx(100)  # no 4-gram to match


def test_lists_of_different_length_are_an_error():
    with pytest.raises(ValueError):
        corpus_bleu(["a", "b"], ["a"])


def test_many_rows_at_once_are_the_same_one_by_one():
    rng = np.random.default_rng(0)
    rows = corpus_bleu(PREDICTIONS, REFERENCES).statistics
    sums = np.stack([rows[rng.integers(6, size=n)].sum(axis=0) for n in range(1, 60)])
    # Nothing predicted, nothing matched, and a match of single words only.
    sums = np.concatenate([sums, rows, [[0, 5, *[0] * 8], [5, 5, 2, 0, 0, 0, 5, 4, 3, 2]]])
    expected = [bleu_of_sums(row, order=4) for row in sums]
    assert bleu_4_of_rows(sums).tolist() == pytest.approx(expected, abs=1e-9)


CHINESE = ["他是谁？", "今天北京下雨。"], ["她是谁？", "今天上海下雨，很大。"]


@pytest.mark.parametrize("language, name", [("zho_Hans", "zh"), ("tha_Thai", "char")])
def test_another_language_is_split_as_sacrebleu_splits_it(tmp_path, language, name):
    told = sacrebleu_command(tmp_path, *CHINESE, "-m", "bleu", "--tokenize", name)["BLEU"]
    bleu = corpus_bleu(*CHINESE, language=language)
    assert bleu.value == pytest.approx(told["score"], abs=1e-10)
    assert bleu_signature(language) == bleu.made_by == told["signature"]
    assert bleu.value > 10 > corpus_bleu(*CHINESE).value  # 13a takes a sentence for a word


def test_sentence_bleu_in_another_language():
    expected = sacrebleu.sentence_bleu(
        CHINESE[0][0], [CHINESE[1][0]], tokenize="zh", use_effective_order=True
    ).score
    assert sentence_bleu(CHINESE[0][0], CHINESE[1][0], "zho_Hans") == expected
