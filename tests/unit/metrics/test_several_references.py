"""Several references of a clip, against the programs that define each metric."""

import numpy as np
import pytest
from metric_texts import PREDICTIONS, REFERENCES
from sacrebleu_command import sacrebleu_command

from sonar_sign.metrics.base import MetricContext
from sonar_sign.metrics.registry import compute_metrics

SECOND = [text.replace("the", "a").replace("salt", "sugar") for text in PREDICTIONS[::-1]]
THIRD = [text.upper() if n % 2 else text[: len(text) // 2] for n, text in enumerate(REFERENCES)]
# One that is empty is no reference.
RAGGED = ["", SECOND[1], "", "", SECOND[4], ""]


@pytest.fixture(scope="module")
def found():
    context = MetricContext(further_references=[[text or "x" for text in SECOND], THIRD])
    return compute_metrics(PREDICTIONS, REFERENCES, context)


def test_bleu_and_chrf_are_sacrebleus(tmp_path, found):
    streams = [REFERENCES, [text or "x" for text in SECOND], THIRD]
    told = sacrebleu_command(tmp_path, PREDICTIONS, streams, "-m", "bleu", "chrf")
    assert found["bleu_4"].value == pytest.approx(told["BLEU"]["score"], abs=1e-6)
    assert found["bleu_4"].made_by == told["BLEU"]["signature"]
    assert "nrefs:3" in found["bleu_4"].made_by
    assert found["chrf"].value == pytest.approx(told["chrF2"]["score"], abs=1e-6)
    plus = sacrebleu_command(tmp_path, PREDICTIONS, streams, "-m", "chrf", "--chrf-word-order", "2")
    assert found["chrf_pp"].value == pytest.approx(plus["chrF2++"]["score"], abs=1e-6)


def test_a_clip_may_have_fewer():
    from sacrebleu.metrics import BLEU, CHRF

    context = MetricContext(further_references=[RAGGED])
    ragged = compute_metrics(PREDICTIONS, REFERENCES, context)
    streams = [REFERENCES, [text or None for text in RAGGED]]
    expected = BLEU().corpus_score(PREDICTIONS, streams)
    assert ragged["bleu_4"].value == pytest.approx(expected.score, abs=1e-9)
    assert "nrefs:var" in ragged["bleu_4"].made_by
    chrf = CHRF().corpus_score(PREDICTIONS, streams)
    assert ragged["chrf"].value == pytest.approx(chrf.score, abs=1e-9)


def test_cider_is_pycocoevalcaps(found):
    from pycocoevalcap.cider.cider import Cider

    from sonar_sign.metrics.cider import _content

    streams = [REFERENCES, [text or "x" for text in SECOND], THIRD]
    gts = {n: [_content(s[n], "eng_Latn") for s in streams] for n in range(6)}
    res = {n: [_content(text, "eng_Latn")] for n, text in enumerate(PREDICTIONS)}
    value, _ = Cider().compute_score(gts, res)
    assert found["cider"].value == pytest.approx(100 * value, abs=1e-6)


def test_rouge_and_meteor_take_the_best(found):
    singles = [
        compute_metrics(PREDICTIONS, stream)
        for stream in (REFERENCES, [text or "x" for text in SECOND], THIRD)
    ]
    for name in ("rouge_l", "meteor", "exact_match"):
        best = np.max([one[name].statistics[:, 0] for one in singles], axis=0)
        assert found[name].statistics[:, 0].tolist() == pytest.approx(best.tolist()), name


def test_one_reference_given_as_several_is_one():
    once = compute_metrics(PREDICTIONS, REFERENCES)
    twice = compute_metrics(PREDICTIONS, REFERENCES, MetricContext(further_references=[REFERENCES]))
    for name, metric in once.items():
        if name != "cider":
            assert twice[name].value == pytest.approx(metric.value), name


@pytest.mark.long
def test_meteor_15_takes_the_best(found):
    import shutil

    if shutil.which("java") is None:
        pytest.skip("there is no Java")
    from sonar_sign.metrics.meteor_15 import corpus_meteor_15

    sets = [list(pair) for pair in zip(REFERENCES, THIRD, strict=True)]
    singles = [corpus_meteor_15(PREDICTIONS, one).statistics[:, 0] for one in (REFERENCES, THIRD)]
    several = corpus_meteor_15(PREDICTIONS, sets).statistics[:, 0]
    assert several.tolist() == pytest.approx(np.max(singles, axis=0).tolist(), abs=1e-6)
