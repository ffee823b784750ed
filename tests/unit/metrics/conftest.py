"""What all tests of metrics need."""

import pytest


@pytest.fixture(autouse=True)
def no_wordnet(monkeypatch):
    """What a developer has installed must not change a test."""
    import nltk.data

    monkeypatch.setattr(nltk.data, "path", [])
    monkeypatch.delenv("NLTK_DATA", raising=False)


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
