"""Keypoints become landmarks, and only those that were replaced are read again."""

import json
import os

import pytest
from workflow_project import Project, tiny_config

from sonar_sign.core.tables import read_table
from sonar_sign.features.feature_shards import FeatureShard

pytestmark = pytest.mark.slow

SYSTEMS = ["zero_shot", "stage1", "finetuned", "landmarks"]
SHARDS = [f"results/demo/landmarks/{name}.npy" for name in ("train/0000", "train/0001")]


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Project:
    project = Project(tmp_path_factory.mktemp("landmarks"), tiny_config())
    run = project.run(*SHARDS)
    assert run.code == 0, run.output
    # Nothing is cropped and no model is needed.
    assert run.ran == {
        "make_corpus": 1,
        "prepare": 1,
        "shard": 1,
        "extract_landmarks": len(SHARDS),
    }
    return project


def test_every_clip_has_rows_and_nothing_is_done_twice(built):
    manifest = read_table(
        built.folder / "results/demo/manifests/train.tsv", ("clip_id", "n_frames")
    )
    rows = {}
    for path in SHARDS:
        shard = FeatureShard(built.folder / path)
        rows |= dict(zip(shard.clip_ids, shard.lengths.tolist(), strict=True))
    # Twelve rows a second of 24 frames a second.
    wanted = zip(manifest["clip_id"], manifest["n_frames"].astype(int) / 2, strict=True)
    assert rows == {clip_id: round(n) for clip_id, n in wanted}
    assert built.dry_run(*SHARDS) == {}


def test_the_fused_system_joins_the_comparison(project):
    project.write_config({**project.config, "systems": [*SYSTEMS, "fused"]})
    run = project.run()
    assert run.code == 0, run.output
    # Nothing of the other systems is done again.
    assert run.ran == {
        "train": 1,
        "predict": 1,
        "evaluate": 2,
        "sample": 1,
        "compare": 1,
        "plot": 1,
        "gallery": 1,
    }
    comparison = json.loads((project.folder / "results/demo/comparison.json").read_text())
    assert {"fused", "fused.ita_Latn"} <= comparison["systems"].keys()
    timings = json.loads((project.folder / "results/demo/comparison.timings.json").read_text())
    stages = timings["fused"]["runs"][0]["timings_ms"].keys()
    assert stages >= {"sign_hiera", "landmarks", "sign_encoder"}
    assert project.dry_run() == {}


def test_replaced_keypoints_are_read_again_and_missing_ones_stop_nothing(built, tmp_path):
    project = built.copy(tmp_path / "project")
    shards = [read_table(path, ("source",)) for path in shard_tables(project)]
    videos = [set(shard["source"]) for shard in shards]
    keypoints = project.folder / "resources/demo/howto/openpose"
    # Frames come or go: the folder's time changes.
    folder = keypoints / name_of(videos[0])
    next(folder.iterdir()).unlink()
    os.utime(folder, (1, 1))
    concerned = sum(any(name_of([video]) == folder.name for video in seen) for seen in videos)
    assert project.dry_run(*SHARDS) == {"extract_landmarks": concerned}
    # All of a video's are gone.
    folder.rename(keypoints / "elsewhere")
    run = project.run(*SHARDS)
    assert run.code == 0, run.output
    assert run.ran == {"extract_landmarks": concerned}
    unusable = {}
    for path in SHARDS:
        counts = json.loads((project.folder / path).with_suffix(".counts.json").read_text())
        unusable |= counts["unusable"]
    assert unusable
    assert set(unusable.values()) == {"no_keypoints"}


def shard_tables(project):
    return sorted((project.folder / "results/demo/shards/train").glob("*.tsv"))


def name_of(videos) -> str:
    """A video's name, of the first in order."""
    return min(videos).rpartition("/")[2].removesuffix(".mp4")
