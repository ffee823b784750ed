"""The registry finds every metric; what all metrics have in common."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from metric_texts import PREDICTIONS, REFERENCES
from small_files import REPOSITORY

from sonar_sign.core.options import MetricOptions
from sonar_sign.metrics.base import MetricContext
from sonar_sign.metrics.registry import (
    METRICS,
    compute_metrics,
    metrics_schema,
    packages_of,
    provenance_keys,
    provenance_of,
)

CONTENT = [
    *("content_precision", "content_recall", "content_f1", "hallucinated", "omitted"),
    *(f"{kind}_{outcome}" for kind in ("names", "numbers", "negations")
      for outcome in ("right", "wrong", "missing")),
]  # fmt: skip
ENGLISH = {"bleu_reduced", *CONTENT}
OPTIONAL = ENGLISH | {"cosine", "decoder_score", "meteor_15", "bleurt"}


def test_the_order_of_tables():
    assert list(METRICS) == [
        *("bleu_1", "bleu_2", "bleu_3", "bleu_4", "chrf", "chrf_pp", "rouge_l", "meteor", "cider"),
        *("bleu_reduced", "exact_match", "length_ratio", "cosine", "decoder_score", "meteor_15"),
        *("bleurt", *CONTENT),
    ]
    assert all(name == metric.name for name, metric in METRICS.items())


@pytest.mark.parametrize(
    "context, optional",
    [
        (MetricContext(), ENGLISH),
        (MetricContext("ita_Latn"), set()),
        (MetricContext("ita_Latn", cosines=[0.5]), {"cosine"}),
        (MetricContext("ita_Latn", decoder_scores=[-2.5]), {"decoder_score"}),
        (MetricContext("ita_Latn", MetricOptions(meteor_15=True)), {"meteor_15"}),
        (MetricContext("ita_Latn", MetricOptions(bleurt=Path("folder"))), {"bleurt"}),
    ],
)
def test_a_metric_says_when_it_applies(context, optional):
    always = set(METRICS) - OPTIONAL
    assert {name for name, m in METRICS.items() if m.applies(context)} == always | optional


def test_how_metrics_were_made():
    made = provenance_of(compute_metrics(PREDICTIONS, REFERENCES))
    keys = provenance_keys("all") | provenance_keys("language") | provenance_keys("none")
    assert set(made) == set(keys)
    assert made["meteor_variant"] == "nltk-exact-stem" and made["further_metrics"] == {}
    assert made["signature"].startswith("nrefs:1|case:mixed")
    for metric in METRICS.values():
        if metric.provenance is not None:
            assert "how" in metric.provenance.sentence("how")


def test_packages_whose_version_matters():
    assert packages_of(["bleu_1", "bleu_2", "meteor"]) == ["sacrebleu", "nltk"]
    assert set(packages_of([*METRICS])) > {"rouge-score", "pycocoevalcap"}


def test_the_schema_has_every_metric_and_nothing_else():
    static = yaml.safe_load((REPOSITORY / "workflow/schemas/metrics.schema.yaml").read_text())
    assert not set(static["properties"]) & set(METRICS)
    schema = metrics_schema(static)
    assert set(schema["properties"]) - set(static["properties"]) == set(METRICS) | (
        set(provenance_keys("all") | provenance_keys("language") | provenance_keys("none"))
        - {"further_metrics"}
    )
    assert schema["additionalProperties"] is False
    assert schema["properties"]["bleu_4"].items() >= {"minimum": 0, "maximum": 100}.items()
    assert schema["properties"]["cider"]["maximum"] == 1000
    assert "maximum" not in schema["properties"]["bleurt"]
    assert set(schema["properties"]) - set(schema["required"]) == OPTIONAL


NEW_METRIC = """
from sonar_sign.metrics.base import Metric, mean_percentage

def compute(predictions, references, context):
    firsts = [p[:1] == r[:1] for p, r in zip(predictions, references, strict=True)]
    return mean_percentage(firsts, "letters as they are")

FIRST_LETTER = Metric("first_letter", "first letters", compute, headline=True, plotted=True)
LAST = Metric("whole_list", "whole list", compute, resampled=False)
"""
USE_IT = """
import sys
from pathlib import Path
import sonar_sign.metrics
sonar_sign.metrics.__path__.append(sys.argv[1])
from sonar_sign.evaluation.compare import CompareOptions, compare
from sonar_sign.report.plot import plot
folder = Path(sys.argv[2])
files = [folder / name for name in ("A.txt", "B.txt")]
compare(files, folder, CompareOptions(reference=folder / "references.txt"))
plot(folder / "comparison.json", {}, {}, folder)
"""


def test_one_new_module_is_enough(tmp_path):
    """Tables, tests, notes and pictures have it; no other file knows it."""
    (tmp_path / "new").mkdir()
    (tmp_path / "new/first_letter.py").write_text(NEW_METRIC)
    for name, texts in (("A", PREDICTIONS), ("B", REFERENCES), ("references", REFERENCES)):
        (tmp_path / f"{name}.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    command = [sys.executable, "-c", USE_IT, str(tmp_path / "new"), str(tmp_path)]
    subprocess.run(command, check=True)
    comparison = json.loads((tmp_path / "comparison.json").read_text())
    cell = comparison["systems"]["A"]["first_letter"]
    assert cell["value"] == pytest.approx(100 * 4 / 6) and cell["low"] < cell["high"]
    tested = {row["metric"] for row in comparison["significance"]}
    assert "first_letter" in tested
    # One that says that it cannot be resampled has its value and no interval.
    assert set(comparison["systems"]["A"]["whole_list"]) == {"value"}
    assert "whole_list" not in tested
    table = (tmp_path / "comparison.md").read_text()
    assert "| CIDEr | first letters | ms per clip |" in table and "whole list" in table
    assert "first letters" in (tmp_path / "metrics.svg").read_text()
    assert "first letters" in (tmp_path / "comparison.html").read_text()


def test_statistics_become_scores_without_their_texts():
    for name, one in compute_metrics(PREDICTIONS, REFERENCES).items():
        assert METRICS[name].score(one.statistics.sum(axis=0)) == one.value


def test_an_empty_prediction_is_a_zero_that_counts():
    one = compute_metrics(["the cat sat on it", "a dog"], ["the cat sat on it", "a dog"])
    two = compute_metrics(["the cat sat on it", ""], ["the cat sat on it", "a dog"])
    for name in ("rouge_l", "meteor", "cider"):
        scores = two[name].statistics[:, 0]
        assert scores[0] > 0 and scores[1] == 0
        assert two[name].value == pytest.approx(100 * scores[0] / 2)
    for name, metric in two.items():
        if METRICS[name].lower_is_better:
            assert metric.value >= one[name].value
        # Three content words have no BLEU-4, and what is not said is not said wrongly.
        elif name not in ("bleu_reduced", "content_precision"):
            assert metric.value < one[name].value


@pytest.mark.parametrize(
    ("predictions", "references"),
    [([""], ["a b"]), (["a b"], [""]), (["", " "], ["", ""]), (["?!"], ["..."]), (["🤟"], ["é"])],
)
def test_nothing_in_common_is_zero_and_no_crash(predictions, references):
    scores = {name: one.value for name, one in compute_metrics(predictions, references).items()}
    # Nothing for nothing is an exact match, and some words for some are as many.
    for name, value in scores.items():
        if name not in ("exact_match", "length_ratio") and not METRICS[name].lower_is_better:
            assert value == 0, name


def test_a_perfect_list_is_perfect():
    texts = [text for text in REFERENCES if text != "Thank you!"]
    values = {name: m.value for name, m in compute_metrics(texts, texts).items()}
    for name in ("bleu_1", "bleu_2", "bleu_3", "bleu_4", "chrf", "rouge_l"):
        assert values[name] == pytest.approx(100)
    assert values["cider"] == pytest.approx(1000)
    assert 99 < values["meteor"] < 100  # its penalty never vanishes


def test_scoring_imports_no_torch():
    code = (
        "import sys, sonar_sign.cli, sonar_sign.evaluation.sample\n"
        "heavy = {'torch', 'nltk', 'pandas', 'sacrebleu', 'rich'} & sys.modules.keys()\n"
        "from sonar_sign.metrics.registry import compute_metrics\n"
        "compute_metrics(['a b'], ['a b'])\n"
        "print(sorted(heavy), 'torch' in sys.modules)"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert output.strip() == "[] False"
