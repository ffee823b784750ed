"""Each metric against another computation of the same number."""

import csv
import json
import math
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import sacrebleu

from sonar_sign.metrics import (
    METRICS,
    corpus_bleu,
    corpus_chrf,
    corpus_cider,
    corpus_rouge_l,
    score_all,
    sentence_bleu,
)
from sonar_sign.metrics.bleu import bleu_signature, reduced_bleu
from sonar_sign.metrics.chrf import chrf_signature

# Punctuation, case, quotes, numbers, accents, repetition, an empty prediction, one too short for
# 4-grams, one that is right.
REFERENCES = [
    "Now we're going to add a little bit of salt, about 1.5 teaspoons.",
    'He said "keep it simple", and I did.',
    "Perché la città è così bella, non lo so.",
    "Thank you!",
    "Take the dough and roll it out. Then cut it into squares.",
    "The cat sat on the mat.",
]
PREDICTIONS = [
    "Now we are going to add a bit of salt, about 1.5 spoons.",
    'he said "keep it" and "did".',
    "Perché la citta è così bella non so.",
    "",
    "Take the dough and cut it into squares. Then roll.",
    "The cat sat on the mat.",
]


@pytest.fixture(autouse=True)
def no_wordnet(monkeypatch):
    """What a developer has installed must not change a test."""
    import nltk.data

    monkeypatch.setattr(nltk.data, "path", [])
    monkeypatch.delenv("NLTK_DATA", raising=False)


@pytest.fixture(scope="module")
def command_line(tmp_path_factory):
    """What the sacrebleu command says of the same two files: {"BLEU": {...}, "chrF2": {...}}."""
    folder = tmp_path_factory.mktemp("sacrebleu")
    for name, lines in (("references", REFERENCES), ("predictions", PREDICTIONS)):
        (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    command = [sys.executable, "-m", "sacrebleu", "references", "-i", "predictions"]
    output = subprocess.run(
        [*command, "-m", "bleu", "chrf", "-w", "12", "--format", "json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {score["name"]: score for score in json.loads(output)}


# --- BLEU and chrF


def test_bleu_4_is_what_the_sacrebleu_command_says(command_line):
    bleu_4 = corpus_bleu(PREDICTIONS, REFERENCES)[3].value
    assert bleu_4 == pytest.approx(command_line["BLEU"]["score"], abs=1e-10)
    assert bleu_signature() == command_line["BLEU"]["signature"]


def test_chrf_is_what_the_sacrebleu_command_says(command_line):
    chrf = corpus_chrf(PREDICTIONS, REFERENCES).value
    assert chrf == pytest.approx(command_line["chrF2"]["score"], abs=1e-10)
    assert chrf_signature() == command_line["chrF2"]["signature"]


def test_bleu_1_to_4_and_chrf_equal_sacrebleus_corpus_scores_exactly():
    for order, bleu in enumerate(corpus_bleu(PREDICTIONS, REFERENCES), start=1):
        whole = sacrebleu.BLEU(max_ngram_order=order).corpus_score(PREDICTIONS, [REFERENCES])
        assert bleu.value == whole.score
    for word_order in (0, 2):
        whole = sacrebleu.CHRF(word_order=word_order).corpus_score(PREDICTIONS, [REFERENCES])
        assert corpus_chrf(PREDICTIONS, REFERENCES, word_order).value == whole.score


def test_chrf_pp_is_what_the_sacrebleu_command_says(tmp_path):
    for name, texts in (("ref", REFERENCES), ("out", PREDICTIONS)):
        (tmp_path / name).write_text("\n".join(texts) + "\n", encoding="utf-8")
    command = [
        Path(sys.executable).with_name("sacrebleu"),
        tmp_path / "ref",
        "-i",
        tmp_path / "out",
    ]
    command += ["-m", "chrf", "--chrf-word-order", "2", "--width", "12"]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    measured = score_all(PREDICTIONS, REFERENCES).measured["chrf_pp"]
    assert measured.value == pytest.approx(told["score"], abs=1e-10)
    assert chrf_signature(word_order=2) == told["signature"]


def test_reduced_bleu_is_bleu_of_the_words_that_are_left():
    predictions = ["We are going to cut the red paper with some small scissors."]
    references = ["Now you cut the red paper into small pieces."]
    reduced = ["cut red paper small scissors ."], ["cut red paper small pieces ."]
    expected = sacrebleu.corpus_bleu(reduced[0], [reduced[1]])
    assert reduced_bleu(predictions, references).value == pytest.approx(expected.score)


def test_exact_matches_length_ratio_and_cosine():
    measured = score_all(
        ["a b c", "A b", ""], ["a b c", "a b", "a b c d e"], cosines=[0.5, 1.0, float("nan")]
    ).measured
    assert measured["exact_match"].value == pytest.approx(100 / 3)
    assert measured["length_ratio"].value == pytest.approx(5 / 10)
    assert measured["cosine"].value == pytest.approx(50)


def test_statistics_become_scores_without_their_texts():
    for name, one in score_all(PREDICTIONS, REFERENCES).measured.items():
        assert METRICS[name](one.statistics.sum(axis=0)) == one.value


def test_any_choice_of_rows_scores_as_that_choice_of_sentences():
    rows = np.array([5, 0, 0, 2])
    predictions, references = ([texts[row] for row in rows] for texts in (PREDICTIONS, REFERENCES))
    for order, bleu in enumerate(corpus_bleu(PREDICTIONS, REFERENCES), start=1):
        whole = sacrebleu.BLEU(max_ngram_order=order).corpus_score(predictions, [references])
        assert bleu.score(bleu.statistics[rows].sum(axis=0)) == whole.score
    chrf = corpus_chrf(PREDICTIONS, REFERENCES)
    whole = sacrebleu.CHRF().corpus_score(predictions, [references])
    assert chrf.score(chrf.statistics[rows].sum(axis=0)) == whole.score


def test_bleu_by_hand():
    # 5 words for 6; matched n-grams 5 of 5, 3 of 4, 2 of 3, 1 of 2.
    scores = corpus_bleu(["the cat sat on mat"], ["the cat sat on the mat"])
    precisions = [5 / 5, 3 / 4, 2 / 3, 1 / 2]
    for order, bleu in enumerate(scores, start=1):
        mean = math.prod(precisions[:order]) ** (1 / order)
        assert bleu.value == pytest.approx(100 * math.exp(1 - 6 / 5) * mean)


def test_bleu_by_hand_with_smoothing_and_case():
    # "the" is not "The". No bigram of 2 and no trigram of 1 matches: exponential smoothing
    # counts 1/2 and 1/4.
    scores = corpus_bleu(["the sat cat"], ["The cat sat"])
    assert scores[0].value == pytest.approx(100 * 2 / 3)
    assert scores[1].value == pytest.approx(100 * (2 / 3 * (1 / 2) / 2) ** (1 / 2))
    assert scores[2].value == pytest.approx(100 * (2 / 3 * (1 / 2) / 2 * (1 / 4) / 1) ** (1 / 3))


def test_sentence_bleu_is_sacrebleus_with_effective_order():
    for prediction, reference in zip(PREDICTIONS, REFERENCES, strict=True):
        expected = sacrebleu.sentence_bleu(prediction, [reference], use_effective_order=True).score
        assert sentence_bleu(prediction, reference) == expected
    assert sentence_bleu("Thank you!", "Thank you!") == pytest.approx(100)  # no 4-gram to match


# --- ROUGE-L


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
    assert score_all(["a"], ["a"], language="ita_Latn").rouge_tokenizer == "unicode-words"


# --- CIDEr-D


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


# --- Nothing to score


def test_an_empty_prediction_is_a_zero_that_counts():
    one = score_all(["the cat sat on it", "a dog"], ["the cat sat on it", "a dog"])
    two = score_all(["the cat sat on it", ""], ["the cat sat on it", "a dog"])
    for name in ("rouge_l", "meteor", "cider"):
        scores = two.measured[name].statistics[:, 0]
        assert scores[0] > 0 and scores[1] == 0
        assert two.measured[name].value == pytest.approx(100 * scores[0] / 2)
    for name, measured in two.measured.items():
        if name != "bleu_reduced":  # three content words have no BLEU-4
            assert measured.value < one.measured[name].value


@pytest.mark.parametrize(
    ("predictions", "references"),
    [([""], ["a b"]), (["a b"], [""]), (["", " "], ["", ""]), (["?!"], ["..."]), (["🤟"], ["é"])],
)
def test_nothing_in_common_is_zero_and_no_crash(predictions, references):
    scores = {name: one.value for name, one in score_all(predictions, references).measured.items()}
    # Nothing for nothing is an exact match, and some words for some are as many.
    for name in METRICS:
        if name in scores and name not in ("exact_match", "length_ratio"):
            assert scores[name] == 0, name


def test_a_perfect_list_is_perfect():
    texts = [text for text in REFERENCES if text != "Thank you!"]
    values = {name: m.value for name, m in score_all(texts, texts).measured.items()}
    for name in ("bleu_1", "bleu_2", "bleu_3", "bleu_4", "chrf", "rouge_l"):
        assert values[name] == pytest.approx(100)
    assert values["cider"] == pytest.approx(1000)
    assert 99 < values["meteor"] < 100  # its penalty never vanishes


def test_lists_of_different_length_are_an_error():
    for metric in (corpus_bleu, corpus_rouge_l, corpus_cider, corpus_chrf):
        with pytest.raises(ValueError):
            metric(["a", "b"], ["a"])


def test_scoring_imports_no_torch():
    code = (
        "import sys, sonar_sign.cli, sonar_sign.evaluation.sample\n"
        "heavy = {'torch', 'nltk', 'pandas', 'sacrebleu', 'rich'} & sys.modules.keys()\n"
        "from sonar_sign.metrics import score_all\n"
        "score_all(['a b'], ['a b'])\n"
        "print(sorted(heavy), 'torch' in sys.modules)"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert output.strip() == "[] False"
