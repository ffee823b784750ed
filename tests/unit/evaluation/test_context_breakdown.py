"""Sentences that need a sentence before, scored apart, with intervals and tests."""

import json

import numpy as np
import pytest
import sacrebleu
from comparison_files import REFERENCES, comparison_folder, corrupted, of_seeds, run, table
from jsonschema import validate
from small_files import REPOSITORY

from sonar_sign.core.tables import read_table
from sonar_sign.evaluation.ablation_table import write_ablation_table
from sonar_sign.operations.yaml_files import read_yaml

NEEDS = np.arange(40) % 4 == 0


@pytest.fixture
def folder(tmp_path):
    """A manifest of eight videos, of which every fourth clip needs the sentence before."""
    folder = comparison_folder(tmp_path)
    frame = read_table(folder / "test.tsv", ("clip_id",))
    frame["needs_context"] = [str(int(needs)) for needs in NEEDS]
    frame.to_csv(folder / "test.tsv", sep="\t", index=False)
    return folder


def in_context_only(share):
    """The references, wrong only where a sentence before is needed."""
    wrong = corrupted(REFERENCES, share)
    return [w if needs else r for w, r, needs in zip(wrong, REFERENCES, NEEDS, strict=True)]


def test_both_groups_have_values_intervals_and_tests(folder):
    paths = [table(folder, "with", REFERENCES), table(folder, "without", in_context_only(0.6))]
    found = run(folder, *paths, reference=folder / "test.tsv", manifest=folder / "test.tsv")
    groups = found["breakdowns"]["needs_context"]
    need, alone = groups["needs a sentence before"], groups["stands alone"]
    assert (need["n"], alone["n"]) == (10, 30)
    rows = np.flatnonzero(NEEDS)
    expected = sacrebleu.corpus_bleu(
        [in_context_only(0.6)[n] for n in rows], [[REFERENCES[n] for n in rows]]
    ).score
    assert need["systems"]["without"] == pytest.approx(expected)
    interval = need["intervals"]["without"]
    assert interval["low"] < expected < interval["high"]
    assert alone["systems"]["without"] == pytest.approx(100)
    assert alone["intervals"]["without"] == {"no_interval": "every sample has the same value"}
    tests = need["significance"]
    assert [test["systems"] for test in tests] == 2 * [["with", "without"]]
    assert all(t["difference"] == pytest.approx(100 - expected) and t["p"] < 0.05 for t in tests)
    assert all(test["p"] == 1 for test in alone["significance"])
    schema = read_yaml(REPOSITORY / "workflow/schemas/comparison.schema.yaml")
    validate(json.loads((folder / "out/comparison.json").read_text()), schema)


@pytest.mark.parametrize("value", ["", "2"])
def test_where_it_is_not_known_of_every_clip_nothing_is_said(folder, value):
    frame = read_table(folder / "test.tsv", ("clip_id",))
    frame.loc[3, "needs_context"] = value
    frame.to_csv(folder / "test.tsv", sep="\t", index=False)
    path = table(folder, "A", REFERENCES)
    found = run(folder, path, reference=folder / "test.tsv", manifest=folder / "test.tsv")
    assert "needs_context" not in found["breakdowns"] and "signer" in found["breakdowns"]


def test_an_ablation_has_columns_of_its_own_for_it(folder):
    paths = [*of_seeds(folder, "base", 0.5), *of_seeds(folder, "better", 0.0)]
    found = run(folder, *paths, manifest=folder / "test.tsv")
    need = found["breakdowns"]["needs_context"]["needs a sentence before"]
    page = folder / "ablation.md"
    page.write_text("<!-- table -->\n<!-- /table -->\n")
    write_ablation_table(folder / "out/comparison.json", page, "base")
    header, _, base, better = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.read_text().splitlines()
        if line.startswith("|")
    ]
    assert header[-2:] == ["BLEU-4 of 10 in context", "p against base"]
    value, interval = need["systems"]["base"], need["intervals"]["base"]
    assert base[-2:] == [f"{value:.1f} ({interval['low']:.1f} to {interval['high']:.1f})", ""]
    assert better[-2:] == ["100.0", f"{max(t['p'] for t in need['significance']):.3f}"]
