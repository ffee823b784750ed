"""From nothing to the comparison."""

import json

import numpy as np
import pytest
import yaml
from jsonschema import Draft202012Validator
from workflow_project import REPOSITORY

from sonar_sign.core.tables import read_table
from sonar_sign.metrics.registry import metrics_schema
from sonar_sign.models.model_files import read_metadata
from sonar_sign.translation.run_timings import read_timings

pytestmark = pytest.mark.slow

SYSTEMS = ("zero_shot", "stage1", "finetuned", "landmarks")


def test_everything_is_built_and_nothing_half_written(finished):
    results = finished.folder / "results/demo"
    for system in SYSTEMS:
        assert (results / f"metrics/{system}.json").is_file()
        # Landmarks speak the captions' language only.
        speaks_italian = (results / f"metrics/{system}.ita_Latn.json").is_file()
        assert speaks_italian == (system != "landmarks")
        assert (results / f"samples/{system}.json").is_file()
    leftovers = [
        path
        for folder in ("results", "resources")
        for path in (finished.folder / folder).rglob(".*")
        # Snakemake's own mark in a folder that is an output.
        if path.name != ".snakemake_timestamp"
    ]
    assert leftovers == []


def test_a_second_run_has_nothing_to_do(finished):
    assert finished.dry_run() == {}


def test_metrics_are_of_the_test_split_and_say_how_they_were_made(finished):
    static = yaml.safe_load((REPOSITORY / "workflow/schemas/metrics.schema.yaml").read_text())
    schema = metrics_schema(static)
    results = finished.folder / "results/demo"
    test_clips = read_table(results / "manifests/test.tsv", ("clip_id", "text"))
    assert len(test_clips) == finished.config["demo"]["howto"]["test"]
    hashes = set()
    for system in SYSTEMS:
        metrics = json.loads((results / f"metrics/{system}.json").read_text())
        Draft202012Validator(schema).validate(metrics)
        assert metrics["n_clips"] == len(test_clips)
        assert read_timings(results / f"predictions/{system}/test.timings.json").device == "cpu"
        hashes.add(metrics["checkpoint_sha256"])
        predictions = read_table(
            results / f"predictions/{system}/test.tsv", ("clip_id", "prediction")
        )
        assert sorted(predictions["clip_id"]) == sorted(test_clips["clip_id"])
    assert len(hashes) == len(SYSTEMS), "each system has a checkpoint of its own"


def test_stage_1_changed_the_last_blocks_and_nothing_else(finished):
    from sonar_sign.models.checkpoint import load_sign_hiera

    before = load_sign_hiera(finished.folder / "resources/models/demo/sign_hiera.pth").state_dict()
    stage1 = finished.folder / "results/demo/checkpoints/stage1/best.pt"
    after = load_sign_hiera(stage1).state_dict()
    changed = {key for key in before if not np.array_equal(before[key], after[key])}
    # freeze: 0.2 of five blocks.
    assert {".".join(key.split(".")[:2]) for key in changed} == {
        f"blocks.{n}" for n in (1, 2, 3, 4)
    }


def test_features_and_targets_match_the_manifest(finished):
    from sonar_sign.features.feature_shards import open_features
    from sonar_sign.features.targets import read_targets

    results = finished.folder / "results/demo"
    for split in ("train", "val", "test"):
        clip_ids = set(read_table(results / f"manifests/{split}.tsv", ("clip_id",))["clip_id"])
        shards = sorted((results / f"features/stage1/{split}").glob("*.npy"))
        assert set(open_features(shards)) == clip_ids
        if split != "test":
            assert set(read_targets(results / f"targets/{split}.npy")) == clip_ids


def test_the_run_keeps_its_config_and_its_checkpoints_say_how_they_were_made(finished):
    results = finished.folder / "results/demo"
    kept = yaml.safe_load((results / "config.yaml").read_text())
    assert kept["trainings"]["stage2"]["epochs"] == 2 and kept["crop"]["quality"] == 18
    made = read_metadata(results / "checkpoints/stage2/best.pt")
    assert (made["training"], made["kind"], made["seed"]) == ("stage2", "sign_encoder", 1)
    assert made["settings"]["epochs"] == 2 and made["settings"]["losses.cosine"] == 1.0
    assert made["corpora"]["demo"]["clips"] == finished.config["demo"]["howto"]["train"]
    parent = made["started_from"]["features"]["metadata"]
    assert (parent["training"], parent["kind"]) == ("stage1", "video_encoder")


def test_the_comparison_has_a_column_for_what_differs(finished):
    markdown = (finished.folder / "results/demo/comparison.md").read_text()
    header = next(line for line in markdown.splitlines() if line.startswith("|"))
    assert "kind" in header
    comparison = json.loads((finished.folder / "results/demo/comparison.json").read_text())
    assert comparison["settings"]
