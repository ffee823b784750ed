"""What a change makes stale, and what it leaves alone."""

from pathlib import Path

import pytest
from conftest import merged

from sonar_sign.shard import shard_of

pytestmark = pytest.mark.slow

PREDICTING = {"predict", "evaluate", "evaluate_language", "sample", "compare", "plot"}
ANNOTATIONS = "resources/demo/howto/how2sign_realigned_train.csv"


def changed_config(project, changes: dict) -> dict[str, int]:
    project.write_config(merged(project.config, changes))
    return project.dry_run()


def edit_row(project, row: int, column: str, value: str) -> str:
    """Change one field of the training annotations; returns the clip's id."""
    path = project.folder / ANNOTATIONS
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    lines[row][lines[0].index(column)] = value
    path.write_text("\n".join("\t".join(line) for line in lines) + "\n")
    return lines[row][lines[0].index("SENTENCE_NAME")]


def tars(project) -> dict[str, int]:
    clips = project.folder / "results/demo/clips"
    return {str(path.relative_to(clips)): path.stat().st_mtime_ns for path in clips.rglob("*.tar")}


def test_a_learning_rate_of_stage_2(project):
    planned = changed_config(project, {"finetune": {"stage2": {"learning_rate": 3e-4}}})
    assert set(planned) == {"finetune_stage2"} | PREDICTING
    assert planned["predict"] == 1


def test_a_learning_rate_of_stage_1(project):
    planned = changed_config(project, {"finetune": {"stage1": {"learning_rate": 3e-4}}})
    assert set(planned) == {"finetune_stage1", "extract", "finetune_stage2"} | PREDICTING
    assert planned["predict"] == 2, "zero-shot is left alone"


def test_an_evaluation_setting(project):
    planned = changed_config(project, {"evaluate": {"nltk_data": "nowhere"}})
    assert set(planned) == {"evaluate", "evaluate_language", "compare", "plot"}


def test_the_number_of_samples(project):
    planned = changed_config(project, {"sample": {"n": 5}})
    assert planned == {"sample": len(project.config["systems"])}


def test_the_crop_quality_makes_everything_after_it_again(project):
    planned = changed_config(project, {"crop": {"quality": 20}})
    assert {"crop", "extract", "finetune_stage1", "finetune_stage2"} <= set(planned)
    assert not {"prepare", "embed_text", "shard_train", "make_howto_corpus"} & set(planned)


def test_one_time_stamp_crops_and_extracts_one_shard(project):
    n_shards = project.config["corpus"]["shards"]["train"]
    features = [f"results/demo/features/pretrained/train/{n:04d}.npy" for n in range(n_shards)]
    assert project.run(*features).ran == {"extract": n_shards}
    before = tars(project)
    shard = shard_of(edit_row(project, 1, "START_REALIGNED", "0.05"), n_shards)
    run = project.run(*features)
    assert run.code == 0, run.output
    assert run.ran == {"prepare": 1, "shard": 1, "crop": 1, "extract": 1}
    after = tars(project)
    assert {path for path in after if after[path] != before[path]} == {f"train/{shard:04d}.tar"}


def test_an_added_row_touches_the_shard_that_it_falls_into(project):
    n_shards = project.config["corpus"]["shards"]["train"]
    features = [f"results/demo/features/pretrained/train/{n:04d}.npy" for n in range(n_shards)]
    project.run(*features)
    before = tars(project)
    path = project.folder / ANNOTATIONS
    lines = path.read_text().splitlines()
    added = lines[1].split("\t")
    column = lines[0].split("\t").index("SENTENCE_NAME")
    added[column] = f"{added[column]}-again"
    path.write_text("\n".join([*lines, "\t".join(added)]) + "\n")
    run = project.run(*features)
    assert run.code == 0, run.output
    assert run.ran == {"prepare": 1, "shard": 1, "crop": 1, "extract": 1}
    after = tars(project)
    shard = shard_of(added[column], n_shards)
    assert {path for path in after if after[path] != before[path]} == {f"train/{shard:04d}.tar"}


def test_one_caption_embeds_and_trains_but_crops_and_extracts_nothing(project):
    edit_row(project, 1, "SENTENCE", "My friend paints.")
    before = tars(project)
    run = project.run("results/demo/checkpoints/stage1/best.pt")
    assert run.code == 0, run.output
    assert run.ran == {"prepare": 1, "shard": 1, "embed_text": 1, "finetune_stage1": 1}
    assert tars(project) == before


def test_a_deleted_feature_shard_is_one_job(project):
    shard = "results/demo/features/stage1/train/0001.npy"
    (project.folder / shard).unlink()
    assert project.dry_run(shard) == {"extract": 1}


def test_zero_shot_alone_trains_nothing_on_the_corpus(empty):
    planned = empty.dry_run("results/demo/metrics/zero_shot.json")
    assert planned["predict"] == 1
    assert not {"finetune_stage1", "finetune_stage2"} & set(planned)


def test_a_replaced_video_is_cropped_again(project):
    video = next((project.folder / "resources/demo/howto/raw_videos").glob("*.mp4"))
    other = next(path for path in Path(video).parent.glob("*.mp4") if path != video)
    video.write_bytes(other.read_bytes())
    planned = project.dry_run("results/demo/checkpoints/stage1/best.pt")
    assert planned["crop"] >= 1
    assert "prepare" not in planned


def test_a_learning_rate_of_landmarks_concerns_their_system_only(project):
    changes = {"landmark_model": {"training": {"learning_rate": 1e-4}}}
    planned = changed_config(project, changes)
    after = {"evaluate", "sample", "compare", "plot", "plot_attention", "gallery"}
    assert set(planned) == {"train_landmarks", "predict_landmarks"} | after
    assert planned["evaluate"] == planned["sample"] == 1


def test_landmarks_alone_need_no_pixels_and_no_public_weights(empty):
    planned = empty.dry_run("results/demo/metrics/landmarks.json")
    assert planned["train_landmarks"] == planned["predict_landmarks"] == 1
    assert not {"crop", "extract", "embed_text", "pretrain_sonar", "finetune_stage1"} & set(planned)


def test_pretraining_comes_first_where_a_corpus_is_named(empty):
    empty.write_config(merged(empty.config, {"landmark_model": {"pretrain": "demo_news"}}))
    planned = empty.dry_run("results/demo/metrics/landmarks.json")
    assert planned["pretrain_landmarks"] == planned["train_landmarks"] == 1


def test_fused_needs_both_its_parents(empty):
    planned = empty.dry_run("results/demo/metrics/fused.json")
    for rule in ("train_fused", "finetune_stage2", "train_landmarks", "predict"):
        assert planned[rule] == 1, rule
