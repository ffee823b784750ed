"""Reduced BLEU is BLEU of content words, of English only."""

import pytest
import sacrebleu

from sonar_sign.metrics.base import MetricContext
from sonar_sign.metrics.reduced_bleu import REDUCED_BLEU, reduced_bleu


def test_reduced_bleu_is_bleu_of_the_words_that_are_left():
    predictions = ["We are going to cut the red paper with some small scissors."]
    references = ["Now you cut the red paper into small pieces."]
    reduced = ["cut red paper small scissors ."], ["cut red paper small pieces ."]
    expected = sacrebleu.corpus_bleu(reduced[0], [reduced[1]])
    assert reduced_bleu(predictions, references).value == pytest.approx(expected.score)


def test_it_is_computed_of_english_alone():
    assert REDUCED_BLEU.applies(MetricContext("eng_Latn"))
    assert not REDUCED_BLEU.applies(MetricContext("ita_Latn"))
