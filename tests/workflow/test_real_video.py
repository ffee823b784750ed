"""Real How2Sign clips take the same way as drawn ones, with the demo's models."""

import json
from collections import Counter

import pytest
import yaml
from workflow_project import REPOSITORY, Project, merged, tiny_config

from sonar_sign.clips.clip_shards import ClipShard
from sonar_sign.core.tables import read_table

SAMPLE = REPOSITORY.parent / "shared/data/how2sign_sample"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SAMPLE.is_dir(), reason="the real How2Sign clips are not here"),
]


@pytest.fixture(scope="module")
def sample(finished, tmp_path_factory) -> Project:
    project = finished.copy(tmp_path_factory.mktemp("real") / "project")
    changes = yaml.safe_load((REPOSITORY / "tests/workflow/how2sign_sample.yaml").read_text())
    changes["corpus"]["root"] = str(SAMPLE)
    del changes["extends"]  # what the tiny config extends too
    project.write_config(merged(tiny_config(), changes))
    run = project.run()
    assert run.code == 0, run.output
    assert not {"pretrain_sonar", "pretrain_sign_hiera", "make_corpus"} & set(run.ran)
    return project


def test_the_truncated_clip_is_dropped_with_its_reason_and_14_are_scored(sample):
    results = sample.folder / "results/how2sign_sample"
    dropped = read_table(results / "manifests/train.dropped.tsv", ("clip_id", "reason"))
    assert dropped[["clip_id", "reason"]].to_numpy().tolist() == [
        ["_5LwGjy_bY8_3-5-rgb_front", "unreadable"]
    ]
    metrics = json.loads((results / "metrics/zero_shot.json").read_text())
    assert metrics["n_clips"] == 14


def test_the_summary_is_of_the_split_that_is_there(sample):
    results = sample.folder / "results/how2sign_sample"
    summary = json.loads((results / "manifests/summary.json").read_text())
    (split,) = summary["splits"].values()
    assert (split["annotations"], split["clips"]) == (15, 14)
    assert split["dropped"] == {"unreadable": 1}


def test_dlib_finds_a_face_in_every_usable_clip(sample):
    shards = sorted((sample.folder / "results/how2sign_sample/clips/train").glob("*.tar"))
    infos = [shard.info(clip) for shard in map(ClipShard, shards) for clip in shard.clip_ids]
    assert len(infos) == 14
    assert Counter(info.box_from for info in infos) == {"video": 14}
    assert all(info.faces_found == info.frames_probed for info in infos)
