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

from sonar_sign.errors import UserError
from sonar_sign.metrics import (
    METRICS,
    corpus_bleu,
    corpus_chrf,
    corpus_cider,
    corpus_meteor,
    corpus_rouge_l,
    score_all,
    sentence_bleu,
)
from sonar_sign.metrics.bleu import bleu_signature, reduced_bleu
from sonar_sign.metrics.chrf import chrf_signature
from sonar_sign.metrics.debian_wordnet import DEBIAN
from sonar_sign.metrics.meteor import load_matcher

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


def meteor(prediction, reference, language="eng_Latn", nltk_data=None):
    matcher = load_matcher(language, nltk_data)
    return corpus_meteor([prediction], [reference], matcher).value


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


# --- METEOR


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


@pytest.fixture
def tiny_wordnet(tmp_path):
    """A WordNet of one synset, sofa = couch, in Princeton's file format."""
    folder = tmp_path / "nltk_data" / "corpora" / "wordnet"
    folder.mkdir(parents=True)
    licence = "  1 WordNet 3.0 Copyright 2006 by Princeton University.\n"
    for part in ("adj", "adv", "noun", "verb"):
        (folder / f"data.{part}").write_text(licence)
        (folder / f"index.{part}").write_text(licence)
        (folder / f"{part}.exc").write_text("")
    offset = f"{len(licence):08d}"  # a synset is named by the byte at which its line begins
    with (folder / "data.noun").open("a") as file:
        file.write(f"{offset} 00 n 02 sofa 0 couch 0 000 | a seat for several\n")
    with (folder / "index.noun").open("a") as file:
        file.writelines(f"{word} n 1 0 1 0 {offset}\n" for word in ("couch", "sofa"))
    (folder / "lexnames").write_text("00\tnoun.artifact\t1\n")
    (folder / "index.sense").write_text(f"sofa%1:00:00:: {offset} 1 0\n")
    (folder / "cntlist.rev").write_text("")
    return tmp_path / "nltk_data"


def test_meteor_uses_wordnet_where_a_folder_is_given(tiny_wordnet):
    # A synonym counts as a match: all 4 words in one chunk, as if they were equal.
    pair = ("the couch is red", "the sofa is red")
    assert meteor(*pair, nltk_data=tiny_wordnet) == pytest.approx(100 * (1 - 0.5 * (1 / 4) ** 3))
    assert load_matcher("eng_Latn", tiny_wordnet).variant == "nltk-wordnet"
    # WordNet is English.
    assert load_matcher("ita_Latn", tiny_wordnet).variant == "nltk-exact-stem"


@pytest.fixture
def fresh_nltk_path(monkeypatch):
    import nltk.data

    monkeypatch.setattr(nltk.data, "path", list(nltk.data.path))


def test_debians_wordnet_is_found_and_converted(
    tiny_wordnet, tmp_path, monkeypatch, fresh_nltk_path
):
    debian = tmp_path / "debian"
    (tiny_wordnet / "corpora/wordnet").rename(debian)
    (debian / "lexnames").unlink()  # which Debian leaves out
    monkeypatch.setenv("WNSEARCHDIR", str(debian))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for _ in range(2):
        matcher = load_matcher()
        assert matcher.variant == "nltk-wordnet"
        # 00 is adj.all in the real list; the tiny WordNet's only synset says 00.
        assert [s.lexname() for s in matcher.wordnet.synsets("sofa")] == ["adj.all"]
    assert len(list((tmp_path / "cache/sonar-sign").iterdir())) == 1


def test_debians_wordnet_without_its_sense_index_is_not_whole(
    tiny_wordnet, tmp_path, monkeypatch, fresh_nltk_path
):
    monkeypatch.setenv("WNSEARCHDIR", str(tiny_wordnet / "corpora/wordnet"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tiny_wordnet / "corpora/wordnet/index.sense").unlink()
    assert load_matcher().variant == "nltk-exact-stem"


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="Debian's wordnet-base is not installed")
def test_the_real_debian_wordnet(monkeypatch, tmp_path, fresh_nltk_path):
    monkeypatch.setenv("WNSEARCHDIR", str(DEBIAN))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    matcher = load_matcher()
    if matcher.variant != "nltk-wordnet":
        pytest.skip("wordnet-sense-index is not installed")
    lexnames = {w: matcher.wordnet.synsets(w)[0].lexname() for w in ("cat", "sunday", "happily")}
    assert lexnames == {"cat": "noun.animal", "sunday": "noun.time", "happily": "adv.all"}
    # nltk's documentation of meteor_score.
    from nltk.translate.meteor_score import single_meteor_score

    reference = (
        "It is a guide to action that ensures that the military will forever heed Party commands"
    )
    hypothesis = (
        "It is a guide to action which ensures that the military always obeys the commands of the "
        "party"
    )
    found = single_meteor_score(
        reference.split(), hypothesis.split(), stemmer=matcher.stemmer, wordnet=matcher.wordnet
    )
    assert round(found, 4) == 0.6944


def test_meteor_uses_wordnet_where_the_environment_names_a_folder(tiny_wordnet):
    code = "from sonar_sign.metrics.meteor import load_matcher; print(load_matcher().variant)"
    output = subprocess.run(
        [sys.executable, "-c", code],
        env={"NLTK_DATA": str(tiny_wordnet), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert output.strip() == "nltk-wordnet"


def test_meteor_without_wordnet_says_so():
    assert load_matcher().variant == "nltk-exact-stem"


def test_a_named_folder_without_a_usable_wordnet_is_refused(tmp_path, tiny_wordnet):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="No WordNet in .*empty"):
        load_matcher("eng_Latn", tmp_path / "empty")
    (tiny_wordnet / "corpora" / "wordnet" / "lexnames").unlink()
    with pytest.raises(UserError, match="cannot be read"):
        load_matcher("eng_Latn", tiny_wordnet)


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
        if name not in ("exact_match", "length_ratio", "cosine"):
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
        "import sys, sonar_sign.cli, sonar_sign.sample\n"
        "heavy = {'torch', 'nltk', 'pandas', 'sacrebleu', 'rich'} & sys.modules.keys()\n"
        "from sonar_sign.metrics import score_all\n"
        "score_all(['a b'], ['a b'])\n"
        "print(sorted(heavy), 'torch' in sys.modules)"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert output.strip() == "[] False"
