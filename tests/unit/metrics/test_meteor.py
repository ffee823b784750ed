"""METEOR against values worked out by others or by hand, and the WordNet that it finds."""

import shutil
import subprocess
import sys

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.metrics import corpus_meteor
from sonar_sign.metrics.debian_wordnet import DEBIAN
from sonar_sign.metrics.meteor import load_matcher
from sonar_sign.metrics.meteor_15 import corpus_meteor_15


@pytest.fixture(autouse=True)
def no_wordnet(monkeypatch):
    """What a developer has installed must not change a test."""
    import nltk.data

    monkeypatch.setattr(nltk.data, "path", [])
    monkeypatch.delenv("NLTK_DATA", raising=False)


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


# METEOR 1.5

PAIRS = [
    ("the cat sat on the mat", "the cat sat on a mat"),
    ("he goes home", "he went to his house"),
    ("", "nobody is here"),
    ("take the dough and roll it out .", "take the dough and roll it out ."),
    ("the cup", ""),
]


@pytest.mark.skipif(shutil.which("java") is None, reason="Java is not installed")
def test_meteor_15_is_what_pycocoevalcaps_wrapper_gets():
    from pycocoevalcap.meteor.meteor import Meteor

    predictions, references = zip(*PAIRS, strict=True)
    measured, made_by = corpus_meteor_15(predictions, references)
    assert "1.5" in made_by
    ours = measured.statistics[:, 0].tolist()
    rows = [0, 1, 3]  # the wrapper takes no empty sentences
    _, theirs = Meteor().compute_score(
        {n: [references[n]] for n in rows}, {n: [predictions[n]] for n in rows}
    )
    assert [ours[n] for n in rows] == pytest.approx(theirs, abs=1e-6)
    assert ours[2] == ours[4] == 0 and ours[3] == pytest.approx(1, abs=1e-6)


def test_meteor_15_needs_java(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="needs Java"):
        corpus_meteor_15(["a"], ["a"])
