"""`plot`: every picture is there, can be read, says what it shows, and is the same each time."""

import json
from xml.etree import ElementTree

import pandas as pd
import pytest
from comparison_files import REFERENCES, comparison_folder, corrupted, metrics, run
from frames import write_table

from sonar_sign.cli.report import names_and_paths
from sonar_sign.core.errors import UserError
from sonar_sign.report.plot import FILES, plot


@pytest.fixture
def folder(tmp_path):
    return comparison_folder(tmp_path)


@pytest.fixture
def drawn(folder):
    """Pictures of two systems, one stage and some dropped clips."""
    paths = [
        metrics(folder, name, corrupted(REFERENCES, s)) for name, s in (("a<b", 0.6), ("c", 0))
    ]
    training = [folder / "train.tsv"]
    run(folder, *paths, manifest=folder / "test.tsv", training=training)
    curves = {"step": [0, 1, 1], "train/loss": [2.0, 1.0, None], "val/cosine": [None, None, 0.5]}
    pd.DataFrame(curves).to_csv(folder / "curves.csv", index=False)
    dropped = pd.DataFrame({"clip_id": ["x", "y"], "reason": ["missing_file", "too_short"]})
    write_table(folder / "train.dropped.tsv", dropped)
    return folder


def draw(folder, to="pictures", curves=True):
    stages = {"stage1": folder / "curves.csv"} if curves else {}
    dropped = {"train": folder / "train.dropped.tsv"}
    plot(folder / "out/comparison.json", stages, dropped, folder / to)
    return {path.name: path.read_bytes() for path in (folder / to).iterdir()}


def words(svg):
    return " ".join(text for text in ElementTree.fromstring(svg).itertext() if text.strip())


def test_every_picture_says_what_it_shows(drawn):
    files = draw(drawn)
    assert set(files) == set(FILES)
    for name in ("metrics.svg", "speed.svg", "reference_length.svg", "signer.svg"):
        assert "a<b" in words(files[name]) and "BLEU-4" in words(files[name]), name
    assert "best floor" in words(files["metrics.svg"])
    assert "stage1" in words(files["curves.svg"])
    assert "missing_file" in words(files["dropped.svg"])
    assert "10 to 99 times" in words(files["word_frequency.svg"])
    page = files["comparison.html"].decode()
    assert "a&lt;b" in page and "floor: random caption" in page and "<script" not in page


def test_the_same_numbers_give_the_same_bytes(drawn):
    assert draw(drawn) == draw(drawn, "again")


def test_what_is_not_known_is_said(drawn):
    comparison = json.loads((drawn / "out/comparison.json").read_text())
    del comparison["breakdowns"]["signer"], comparison["breakdowns"]["duration"]
    (drawn / "out/comparison.timings.json").unlink()
    (drawn / "out/comparison.json").write_text(json.dumps(comparison))
    write_table(drawn / "train.dropped.tsv", pd.DataFrame({"clip_id": [], "reason": []}))
    files = draw(drawn, curves=False)
    assert "the signer is not known" in words(files["signer.svg"])
    assert "speed of these systems is not known" in words(files["speed.svg"])
    assert "nothing was trained" in words(files["curves.svg"])
    assert "no clip was dropped" in words(files["dropped.svg"])


def test_mistakes_are_named(drawn):
    (drawn / "x.json").write_text("{}")
    with pytest.raises(UserError, match="was not written by compare"):
        plot(drawn / "x.json", {}, {}, drawn / "p")
    with pytest.raises(UserError, match="NAME=FILE"):
        names_and_paths(["curves.csv"], "curves")
    with pytest.raises(UserError, match="'a' is given twice"):
        names_and_paths(["a=x", "a=y"], "curves")
