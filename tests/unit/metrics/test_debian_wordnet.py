"""Debian's WordNet, converted for nltk."""

import pytest

from sonar_sign.metrics.debian_wordnet import DEBIAN
from sonar_sign.metrics.meteor import load_matcher


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
