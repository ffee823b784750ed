"""chrF and chrF++ against sacreBLEU."""

import numpy as np
import pytest
import sacrebleu
from metric_texts import PREDICTIONS, REFERENCES
from sacrebleu_command import sacrebleu_command

from sonar_sign.metrics.chrf import chrf_signature, corpus_chrf


@pytest.mark.parametrize("word_order, name", [(0, "chrF2"), (2, "chrF2++")])
def test_chrf_is_what_the_sacrebleu_command_says(tmp_path, word_order, name):
    options = ["-m", "chrf", "--chrf-word-order", str(word_order)]
    told = sacrebleu_command(tmp_path, PREDICTIONS, REFERENCES, *options)[name]
    chrf = corpus_chrf(PREDICTIONS, REFERENCES, word_order)
    assert chrf.value == pytest.approx(told["score"], abs=1e-10)
    assert chrf_signature(word_order) == chrf.made_by == told["signature"]


@pytest.mark.parametrize("word_order", [0, 2])
def test_chrf_equals_sacrebleus_corpus_score_exactly(word_order):
    whole = sacrebleu.CHRF(word_order=word_order).corpus_score(PREDICTIONS, [REFERENCES])
    assert corpus_chrf(PREDICTIONS, REFERENCES, word_order).value == whole.score


def test_any_choice_of_rows_scores_as_that_choice_of_sentences():
    rows = np.array([5, 0, 0, 2])
    predictions, references = ([texts[row] for row in rows] for texts in (PREDICTIONS, REFERENCES))
    chrf = corpus_chrf(PREDICTIONS, REFERENCES)
    whole = sacrebleu.CHRF().corpus_score(predictions, [references])
    assert chrf.score(chrf.statistics[rows].sum(axis=0)) == whole.score


def test_lists_of_different_length_are_an_error():
    with pytest.raises(ValueError):
        corpus_chrf(["a", "b"], ["a"])
