"""`compare`: systems side by side, and systems that must not stand side by side."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sacrebleu
import yaml
from comparison_files import (
    IDS,
    REFERENCES,
    comparison_folder,
    corrupted,
    metrics,
    of_seeds,
    run,
    sentences,
    table,
    trained,
)
from frames import write_table
from jsonschema import Draft202012Validator
from small_files import REPOSITORY

from sonar_sign.core.errors import UserError
from sonar_sign.evaluation.compare import CompareOptions, compare
from sonar_sign.evaluation.significance import different_from_first
from sonar_sign.metrics.registry import METRICS


@pytest.fixture
def folder(tmp_path):
    return comparison_folder(tmp_path)


def test_systems_and_language_variants_stand_side_by_side(folder):
    italian = folder / "ita.tsv"
    write_table(italian, pd.DataFrame({"clip_id": IDS, "text": sentences(3)}))
    paths = [
        metrics(folder, "zero_shot", corrupted(REFERENCES, 0.6)),
        metrics(folder, "finetuned", corrupted(REFERENCES, 0.1)),
        metrics(folder, "finetuned.ita_Latn", sentences(3), "ita_Latn", italian),
    ]
    comparison = run(folder, *paths)
    assert json.loads((folder / "out/comparison.json").read_text()) == comparison
    schema = yaml.safe_load((REPOSITORY / "workflow/schemas/comparison.schema.yaml").read_text())
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(comparison)
    assert set(schema["required"]) == set(schema["properties"]) == set(comparison)
    assert list(comparison["systems"]) == ["zero_shot", "finetuned", "finetuned.ita_Latn"]
    for path in paths:
        record = json.loads(path.read_text())
        for name, cell in comparison["systems"][path.stem].items():
            assert cell["value"] == pytest.approx(record[name])
            if "no_interval" in cell:  # all references or none: 0 or 100 in every sample
                assert set(cell) == {"value", "no_interval"}
                assert cell["value"] in (0, pytest.approx(100), pytest.approx(1))
                continue
            assert set(cell) == {"value"} | ({"low", "high"} if name in METRICS else set())
            if "low" in cell:
                assert cell["low"] < cell["high"]
                assert cell["low"] <= cell["value"] + 1e-9 and cell["high"] >= cell["value"] - 1e-9
    assert "bleu_reduced" not in comparison["systems"]["finetuned.ita_Latn"]
    assert comparison["n_clips"] == 40 and comparison["intervals"]["n_videos"] == 8
    assert comparison["about"]["finetuned.ita_Latn"]["language"] == "ita_Latn"
    place = os.path.join("..", "metrics", "zero_shot.json")
    assert comparison["about"]["zero_shot"]["file"] == place
    # Languages are not tested against each other.
    pairs = {tuple(row["systems"]) for row in comparison["significance"]}
    assert pairs == {("zero_shot", "finetuned")}
    assert "finetuned" in different_from_first(comparison)["bleu_4"]


def test_anyones_prediction_files(folder):
    paths = [table(folder, name, corrupted(REFERENCES, s)) for name, s in (("A", 0.1), ("B", 0.5))]
    reference = folder / "test.tsv"
    comparison = run(folder, *paths, reference=reference)
    told = subprocess.run(
        [Path(sys.executable).with_name("sonar-sign"), "compare", *paths, "--reference", reference,
         "--output", folder / "cli"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    by_command = json.loads((folder / "cli/comparison.json").read_text())
    assert by_command["systems"] == comparison["systems"]
    assert list(comparison["systems"]) == ["A", "B"]
    predictions = pd.read_csv(paths[1], sep="\t")["prediction"].tolist()
    expected = sacrebleu.corpus_bleu(predictions, [REFERENCES]).score
    assert comparison["systems"]["B"]["bleu_4"]["value"] == expected
    tests = [r for r in comparison["significance"] if r["metric"] == "bleu_4"]
    assert {r["test"] for r in tests} == {"paired_bootstrap", "approximate_randomisation"}
    assert all(r["systems"] == ["A", "B"] and r["p"] < 0.05 for r in tests)
    assert comparison["floors_from"] == "the references of all clips"
    assert comparison["seen_in_training"] is None


def test_floors_and_captions_that_training_has(folder):
    path = table(folder, "A", corrupted(REFERENCES, 0.3))
    options = {"reference": folder / "test.tsv", "training": [folder / "train.tsv"]}
    comparison = run(folder, path, **options)
    assert comparison["floors_from"] == "training captions"
    seen = {REFERENCES[n] for n in range(4)}
    n_seen = sum(text in seen for text in REFERENCES)
    assert comparison["seen_in_training"] == {"n": n_seen, "share": n_seen / 40}
    floors = comparison["floors"]
    assert set(floors) == {"random_caption", "constant_caption", "nearest_length"}
    assert 0 < floors["constant_caption"]["bleu_4"]["value"] < 20
    # Without them: the same sentences scored alone.
    unseen = [n for n in range(40) if REFERENCES[n] not in seen]
    predictions = pd.read_csv(path, sep="\t")["prediction"]
    expected = sacrebleu.corpus_bleu(
        [predictions[n] for n in unseen], [[REFERENCES[n] for n in unseen]]
    )
    assert comparison["systems"]["A"]["bleu_4"]["unseen"] == pytest.approx(expected.score)


def test_training_captions_are_of_the_systems_in_their_language(folder):
    italian = folder / "italian.tsv"
    texts = [f"ita {text}" for text in REFERENCES]
    write_table(italian, pd.DataFrame({"clip_id": IDS, "text": texts}))
    first = metrics(folder, "sys.ita_Latn", texts, "ita_Latn", italian)
    second = metrics(folder, "sys", REFERENCES)
    options = CompareOptions(training=[folder / "train.tsv"])
    comparison = compare([first, second], folder, options)
    assert comparison["seen_in_training"]["n"] == 4
    by_frequency = comparison["breakdowns"]["word_frequency"]
    assert by_frequency
    assert all(set(group["systems"]) == {"sys"} for group in by_frequency.values())
    alone = compare([first], folder, options)
    assert alone["seen_in_training"] is None and alone["floors"] == {}


def test_seeds_of_one_system_are_one_row(folder):
    first = metrics(folder, "zero_shot", corrupted(REFERENCES, 0.7))
    seeds = of_seeds(folder, "finetuned", 0.4)
    # In any order, and named in any way: the files say which seed they are.
    comparison = run(folder, first, *seeds[::-1], training=[folder / "train.tsv"])
    schema = yaml.safe_load((REPOSITORY / "workflow/schemas/comparison.schema.yaml").read_text())
    Draft202012Validator(schema).validate(comparison)
    assert list(comparison["systems"]) == ["zero_shot", "finetuned"]
    values = [json.loads(path.read_text()) for path in seeds]
    for name in METRICS.keys() & values[0].keys():
        cell = comparison["systems"]["finetuned"][name]
        of_seed = [record[name] for record in values]
        assert cell["value"] == pytest.approx(np.mean(of_seed))
        assert cell["deviation"] == pytest.approx(np.std(of_seed, ddof=1))
        assert list(cell["by_seed"]) == ["1", "2", "3"]
        assert list(cell["by_seed"].values()) == pytest.approx(of_seed)
        assert METRICS[name].minimum <= cell["low"] <= cell["value"] <= cell["high"]
    assert comparison["systems"]["finetuned"]["bleu_4"]["high"] <= 100
    assert "deviation" not in comparison["systems"]["zero_shot"]["bleu_4"]
    assert comparison["intervals"]["resampled"] == "source videos and seeds"
    runs = comparison["about"]["finetuned"]["runs"]
    assert [run["seed"] for run in runs] == [1, 2, 3]
    assert [(folder / "out" / run["file"]).resolve() for run in runs] == seeds
    # A group's value and unseen captions are means over seeds too.
    alone = [run(folder, path, training=[folder / "train.tsv"]) for path in seeds]
    unseen = [one["systems"]["finetuned"]["bleu_4"]["unseen"] for one in alone]
    assert comparison["systems"]["finetuned"]["bleu_4"]["unseen"] == pytest.approx(np.mean(unseen))
    for by in ("source", "word_frequency"):
        for group, cell in comparison["breakdowns"][by].items():
            each = [one["breakdowns"][by][group]["systems"]["finetuned"] for one in alone]
            assert cell["systems"]["finetuned"] == pytest.approx(np.mean(each))


def test_one_seed_of_a_system_is_the_same_whatever_the_seed(folder):
    texts = corrupted(REFERENCES, 0.4)
    found = [run(folder, metrics(folder, "a", texts, seed=seed)) for seed in (1, 7)]
    assert found[0]["systems"] == found[1]["systems"]


def test_prediction_files_have_seeds_in_their_names(folder):
    names = {"A.seed1": 0.3, "A.seed2": 0.4, "B": 0.6}
    paths = [table(folder, name, corrupted(REFERENCES, share)) for name, share in names.items()]
    systems = run(folder, *paths, reference=folder / "test.tsv")["systems"]
    assert list(systems) == ["A", "B"]
    assert list(systems["A"]["chrf"]["by_seed"]) == ["1", "2"]


def test_significance_accounts_for_seeds(folder):
    """Two systems whose single seeds differ clearly, and whose seeds differ as much."""
    wide = [
        metrics(folder, f"{name}.seed{seed}", corrupted(REFERENCES, share, seed), seed=seed)
        for name, shares in (("a", (0.7, 0.3, 0.6)), ("b", (0.3, 0.6, 0.2)))
        for seed, share in enumerate(shares, start=1)
    ]

    def p_of(*paths):
        rows = run(folder, *paths)["significance"]
        return [row["p"] for row in rows if row["metric"] == "bleu_4"]

    assert max(p_of(wide[0], wide[3])) < 0.01
    assert min(p_of(*wide)) > 0.05
    # Three seeds that agree are more certain.
    agreeing = of_seeds(folder, "c", 0.7) + of_seeds(folder, "d", 0.2)
    assert max(p_of(*agreeing)) < 0.05


def test_settings_that_differ_are_kept(folder):
    def of(name, freeze, beam):
        encoder = trained("video_encoder", freeze=freeze, epochs=6)
        info = {"components": {"video_encoder": encoder}, "decoding": {"beam_size": beam}}
        return metrics(folder, name, REFERENCES, info=info)

    settings = run(folder, of("a", 0.2, 5), of("b", 0.4, 5), of("c", 0.4, 1))["settings"]
    assert settings["differing"] == ["video_encoder.freeze", "decoding.beam_size"]
    assert settings["systems"]["c"] == {"video_encoder.freeze": 0.4, "decoding.beam_size": 1}
    assert run(folder, of("a", 0.2, 5))["settings"] == {"differing": [], "systems": {"a": {}}}


@pytest.mark.long
def test_a_language_without_spaces_stands_beside_others(folder):
    chinese = ["".join(chr(0x4E00 + ord(char) % 97) for char in text) for text in REFERENCES]
    write_table(folder / "zho.tsv", pd.DataFrame({"clip_id": IDS, "text": chinese}))
    changed = [text[1:] for text in chinese]
    paths = (
        metrics(folder, "zero_shot", corrupted(REFERENCES, 0.3)),
        metrics(folder, "zero_shot.zho_Hans", changed, "zho_Hans", folder / "zho.tsv"),
    )
    comparison = run(folder, *paths)
    about = comparison["about"]["zero_shot.zho_Hans"]
    assert "tok:zh" in about["signature"] and "tok:13a" in comparison["signature"]
    notes = (folder / "out/comparison.md").read_text()
    assert "tok:13a" in notes and "tok:zh" in notes
    assert "characters, lower case, punctuation dropped (zero_shot.zho_Hans)" in notes
    # Within the language, what a word is must be the same.
    other = {"signature": about["signature"].replace("tok:zh", "tok:char")}
    third = metrics(folder, "b.zho_Hans", changed, "zho_Hans", folder / "zho.tsv", **other)
    with pytest.raises(UserError, match="BLEU signature differ"):
        run(folder, *paths, third)
