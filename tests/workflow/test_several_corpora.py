"""Training on further corpora beside the one that is measured."""

import pyarrow.parquet as pq
import pytest
from workflow_project import merged

pytestmark = [pytest.mark.slow, pytest.mark.long]


def test_a_further_corpus_is_trained_on(project):
    corpus = {"type": "how2sign", "root": "resources/demo/news", "shards": {"train": 2}}
    project.write_config(merged(project.config, {"further_training": {"more": corpus}}))
    run = project.run("results/demo/checkpoints/stage2/best.pt")
    assert run.code == 0, run.output
    # Its clips go through the stage 1 that was trained on both.
    assert run.ran["crop"] == 2 and run.ran["finetune_stage1"] == run.ran["finetune_stage2"] == 1
    results = project.folder / "results"
    more = [
        clip_id
        for shard in (results / "more/features/stage1/train").glob("*.parquet")
        for clip_id in pq.read_table(shard)["clip_id"].to_pylist()
    ]
    assert len(more) == project.config["demo"]["news"]["train"]
    assert not (results / "more/checkpoints").exists()
    # Only the training split of the further corpus is made, and nothing is measured on it.
    assert not (results / "more/features/stage1/val").exists()
