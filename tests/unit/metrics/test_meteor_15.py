"""METEOR 1.5 against pycocoevalcap's wrapper of the same program."""

import shutil

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.metrics.meteor_15 import corpus_meteor_15

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
    found = corpus_meteor_15(predictions, references)
    assert "1.5" in found.made_by
    ours = found.statistics[:, 0].tolist()
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
