"""ROUGE-L against rouge-score's command and against values worked out by hand."""

import csv
import subprocess
import sys

import pytest
from metric_texts import PREDICTIONS, REFERENCES

from sonar_sign.metrics.rouge import corpus_rouge_l


def test_rouge_l_by_hand():
    # Common subsequence "the cat on the mat", 5 words: precision 5/5, recall 5/6.
    # Second pair: "salt" alone: precision 1/3, recall 1/2. No stemmer: "adds" is not "add".
    predictions = ["The cat on the mat!", "now adds salt"]
    references = ["the cat sat on the mat", "add SALT."]
    expected = 100 * (2 * 1 * (5 / 6) / (1 + 5 / 6) + 2 * (1 / 3) * (1 / 2) / (1 / 3 + 1 / 2)) / 2
    assert corpus_rouge_l(predictions, references).value == pytest.approx(expected)


def test_rouge_l_is_what_the_rouge_score_command_says(tmp_path):
    for name, lines in (("references", REFERENCES), ("predictions", PREDICTIONS)):
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
    subprocess.run(
        [
            *(sys.executable, "-m", "rouge_score.rouge", "--noaggregate", "--rouge_types=rougeL"),
            f"--target_filepattern={tmp_path / 'references'}",
            f"--prediction_filepattern={tmp_path / 'predictions'}",
            f"--output_filename={tmp_path / 'scores.csv'}",
        ],
        check=True,
        capture_output=True,
    )
    with (tmp_path / "scores.csv").open() as file:
        scores = [float(row["rougeL-F"]) for row in csv.DictReader(file)]
    assert len(scores) == len(REFERENCES)
    ours = corpus_rouge_l(PREDICTIONS, REFERENCES)
    assert ours.value == pytest.approx(100 * sum(scores) / len(scores), abs=1e-4)


def test_rouge_l_sees_accented_words_of_other_languages():
    # rouge-score's own words are a-z: "è" would vanish and "città" equal "citt".
    assert corpus_rouge_l(["citt"], ["città è"], "ita_Latn").value == 0
    assert corpus_rouge_l(["Città"], ["città è"], "ita_Latn").value == pytest.approx(100 * 2 / 3)
    assert corpus_rouge_l(["a"], ["a"], "ita_Latn").made_by == "unicode-words"
    assert corpus_rouge_l(["a"], ["a"]).made_by == "rouge-score"


def test_rouge_l_counts_characters_where_words_are_not_written_apart():
    # Common subsequence 他 是 谁 of 4 and 3 characters; punctuation is none.
    found = corpus_rouge_l(["他们是谁？"], ["他是谁。"], "zho_Hans")
    assert found.value == pytest.approx(100 * 2 * (3 / 4) * (3 / 3) / (3 / 4 + 3 / 3))
    assert found.made_by == "unicode-characters"


def test_rouge_l_keeps_vowel_signs_with_their_letters():
    # Two words of three; split at the signs it would be more.
    assert corpus_rouge_l(["यह ठीक"], ["यह ठीक है"], "hin_Deva").value == pytest.approx(80)


def test_lists_of_different_length_are_an_error():
    with pytest.raises(ValueError):
        corpus_rouge_l(["a", "b"], ["a"])
