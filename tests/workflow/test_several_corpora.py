"""Training on further corpora beside the one that is measured."""

import pyarrow.parquet as pq
import pytest
from workflow_project import merged

from sonar_sign.models.model_files import read_metadata

pytestmark = [pytest.mark.slow, pytest.mark.long]


def test_a_further_corpus_is_trained_on(project):
    corpus = {"type": "how2sign", "root": "resources/demo/news", "shards": {"train": 2}}
    mix = {"data": {"demo": 1, "more": 0.5}}
    changes = {"further_corpora": {"more": corpus}, "trainings": {"stage1": mix, "stage2": mix}}
    project.write_config(merged(project.config, changes))
    run = project.run("results/demo/checkpoints/stage2/best.pt")
    assert run.code == 0, run.output
    # Its clips go through the stage 1 that was trained on both.
    assert run.ran["crop"] == 2 and run.trained == {"stage1", "stage2"}
    results = project.folder / "results"
    more = [
        clip_id
        for shard in (results / "more/features/stage1/train").glob("*.parquet")
        for clip_id in pq.read_table(shard)["clip_id"].to_pylist()
    ]
    assert len(more) == project.config["demo"]["news"]["train"]
    made = read_metadata(results / "demo/checkpoints/stage2/best.pt")["corpora"]
    assert {name: corpus["weight"] for name, corpus in made.items()} == mix["data"]
    assert not (results / "more/checkpoints").exists()
    # Only the training split of the further corpus is made, and nothing is measured on it.
    assert not (results / "more/features/stage1/val").exists()
