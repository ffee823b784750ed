"""What is claimed of a system, and of whom it is not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sonar_sign.serving.system_facts import results_folder, score_of, with_short_names
from sonar_sign.translation.definitions import SystemDefinition, SystemFiles


@pytest.fixture
def results(tmp_path) -> Path:
    folder = tmp_path / "results/tiny"
    (folder / "metrics").mkdir(parents=True)
    entry = {
        "kind": "landmarks", "sign_hiera": None, "sign_encoder": None, "sonar": "m/sonar",
        "sonar_decoder": None, "landmark_model": None, "decoding": {}, "languages": ["eng_Latn"],
        "caption_language": "eng_Latn",
    }  # fmt: skip
    (folder / "systems.json").write_text(json.dumps({"systems": {"one": entry}}))
    scores = {"bleu_4": 41.26, "n_clips": 104}
    (folder / "metrics/one.json").write_text(json.dumps(scores))
    interval = {"systems": {"one": {"bleu_4": {"value": 41.26, "low": 35.04, "high": 46.98}}}}
    (folder / "comparison.json").write_text(json.dumps(interval))
    return folder


def definition(**files) -> SystemDefinition:
    return SystemDefinition("one", "landmarks", SystemFiles(**files))


def test_the_test_score_comes_with_its_interval(results):
    test = score_of(definition(), results)
    assert test == {"bleu_4": 41.3, "low": 35.0, "high": 47.0, "n_clips": 104, "corpus": "tiny"}
    (results / "comparison.json").unlink()
    assert score_of(definition(), results)["low"] is None


def test_another_system_of_the_same_name_has_not_its_score(results, tmp_path):
    assert results_folder(definition(), results) == results
    other = definition(landmark_model=tmp_path / "else/where/model.pt")
    assert results_folder(other, results) is None
    assert results_folder(replace(definition(), name="two"), results) is None


@pytest.mark.parametrize(
    "card", ["", "---\nx: 1\n---\n", "---\n[\n---", "---\nmodel-index: 3\n---"]
)
def test_a_card_that_says_nothing_is_no_score(tmp_path, card):
    exported = tmp_path / "exported"
    (exported / "landmark_model").mkdir(parents=True)
    (exported / "system.json").touch()
    (exported / "README.md").write_text(card)
    one = definition(landmark_model=exported / "landmark_model/model.safetensors")
    assert score_of(one, None) is None


def test_the_score_of_an_exported_system_is_on_its_card(tmp_path):
    exported = tmp_path / "exported"
    (exported / "landmark_model").mkdir(parents=True)
    (exported / "system.json").touch()
    (exported / "README.md").write_text(
        "---\nmodel-index:\n- results:\n"
        "  - dataset: {name: tiny, config: 'into eng_Latn, 9 clips'}\n"
        "    metrics:\n    - {name: chrF, value: 50.0}\n    - {name: BLEU-4, value: 41.26, "
        "args: {confidence_interval_95: [35.04, 46.98]}}\n---\n\n# one\n\n---\n"
    )
    one = definition(landmark_model=exported / "landmark_model/model.safetensors")
    expected = {"bleu_4": 41.3, "low": 35.0, "high": 47.0, "n_clips": 9, "corpus": "tiny"}
    assert score_of(one, None) == expected


def test_names_say_nothing_about_folders():
    named = [SystemDefinition(name, "sonar", SystemFiles()) for name in ("a", "/x/y/a", "/z/a/")]
    assert [one.name for one in with_short_names(named)] == ["a", "a (2)", "a (3)"]
