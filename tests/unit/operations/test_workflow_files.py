"""What rules are told: inputs by the flags of commands, labels, and settings."""

import re

import pytest
import yaml

from sonar_sign.core.errors import UserError
from sonar_sign.operations.config import load_config
from sonar_sign.operations.workflow_files import WorkflowFiles


@pytest.fixture
def files(tmp_path):
    def made(**keys):
        path = tmp_path / "mine.yaml"
        corpus = {"name": "mine", "type": "how2sign", "root": str(tmp_path)}
        corpus["shards"] = {"train": 2, "val": 1, "test": 1}
        path.write_text(yaml.safe_dump({"corpus": corpus, **keys}, sort_keys=False))
        return WorkflowFiles(load_config([path]))

    return made


def test_stage_1_reads_clips_and_both_models(files):
    inputs = files().training_inputs("stage1")
    assert inputs["train_clips"] == [f"results/mine/clips/train/{n}.tar" for n in ("0000", "0001")]
    assert inputs["val_clips"] == ["results/mine/clips/val/0000.tar"]
    assert inputs["sign_hiera"].endswith("signhiera.pth")
    assert inputs["sign_encoder"].endswith("sonar_encoder.pth")
    assert inputs["train_targets"] == ["results/mine/targets/train.npy"]


def test_stage_2_reads_the_features_of_its_own_seed(files):
    inputs = files(seeds=[1, 2]).training_inputs("stage2.seed2")
    assert inputs["val_features"] == ["results/mine/features/stage1.seed2/val/0000.npy"]
    assert "train_clips" not in inputs


def test_a_training_starts_from_another_one_of_its_seed(files):
    made = files(seeds=[1, 2], trainings={"more": {"like": "stage2", "start": "stage2"}})
    assert made.training_inputs("more.seed2")["sign_encoder"] == (
        "results/mine/checkpoints/stage2.seed2/best.pt"
    )
    assert made.training_inputs("more")["sign_encoder"] == (
        "results/mine/checkpoints/stage2/best.pt"
    )


def test_joint_trainings_write_two_models(files):
    made = files(trainings={"after": {"kind": "sign_encoder", "start": "joint"}})
    inputs = made.training_inputs("after")
    assert inputs["sign_encoder"] == "results/mine/checkpoints/joint/sign_encoder.pt"
    assert inputs["train_features"][0].startswith("results/mine/features/joint/")
    assert made.encoder_checkpoint("joint") == "results/mine/checkpoints/joint/best.pt"
    assert re.fullmatch(made.training_pattern(joint=True), "joint")
    assert not re.fullmatch(made.training_pattern(), "joint")


def test_several_corpora_are_read_in_one_order_with_their_weights(files, tmp_path):
    other = {"type": "ssvp", "root": str(tmp_path), "shards": {"train": 1}}
    made = files(
        further_corpora={"other": other},
        trainings={"mix": {"like": "stage2", "data": {"other": 0.5, "mine": 1}}},
    )
    inputs = made.training_inputs("mix")
    assert inputs["train_manifest"] == [
        "results/other/manifests/train.tsv", "results/mine/manifests/train.tsv",
    ]  # fmt: skip
    assert inputs["train_features"][0] == "results/other/features/stage1/train/0000.npy"
    assert "--corpus other=0.5 --corpus mine=1 " in made.training_flags("mix")
    assert inputs["val_features"] == ["results/mine/features/stage1/val/0000.npy"]


def test_further_target_languages(files):
    made = files(trainings={"stage2": {"target_languages": ["ita_Latn"]}})
    inputs = made.training_inputs("stage2")
    assert inputs["extra_targets"] == ["results/mine/targets/train.ita_Latn.npy"]
    assert inputs["extra_captions"] == ["results/mine/captions/train.ita_Latn.tsv"]
    assert "--extra-language ita_Latn" in made.training_flags("stage2")


def test_a_tokenizer_knows_the_captions_of_later_trainings(files, tmp_path):
    other = {"type": "ssvp", "root": str(tmp_path), "shards": {"train": 1}}
    made = files(
        further_corpora={"other": other},
        trainings={
            "first": {"kind": "landmark_translator", "data": {"other": 1}},
            "landmarks": {"start": "first"},
        },
    )
    assert made.training_inputs("first")["further_captions"] == ["results/mine/manifests/train.tsv"]
    assert made.training_inputs("landmarks")["further_captions"] == []
    assert made.training_inputs("landmarks")["start"] == "results/mine/checkpoints/first/best.pt"


def test_a_trained_decoder_is_handed_to_predict(files):
    made = files(
        trainings={
            "lora": {
                "like": "stage2",
                "decoder": {"train_decoder": "lora"},
                "losses": {"decoder_ce": 1},
            }
        },
        systems={"lora": {"training": "lora"}, "finetuned": None},
    )
    inputs = made.prediction_inputs("lora", "mine", "test")
    assert inputs["sonar_decoder"] == "results/mine/checkpoints/lora/sonar_decoder.pt"
    assert "sonar_decoder" not in made.prediction_inputs("finetuned", "mine", "test")
    assert re.fullmatch(made.training_pattern(decoder=True), "lora.seed3")
    assert made.systems_record()["systems"]["lora"]["sonar_decoder"] == inputs["sonar_decoder"]


def test_predictions_in_context_need_the_order_of_the_clips(files):
    made = files(
        trainings={
            "context": {"like": "stage2", "context": 2},
            "fused": {"start": "context"},
            "again": {"kind": "joint", "sign_encoder": "context"},
            "video": {"kind": "video_encoder", "sign_encoder": "context"},
        },
        systems={
            **{name: {"training": name} for name in ("context", "fused", "again", "video")},
            "finetuned": None,
            "zero_shot": None,
        },
    )
    tables = ["results/mine/shards/test/0000.tsv"]
    for name in ("context", "fused", "again", "video"):
        inputs = made.prediction_inputs(name, "mine", "test")
        assert inputs["order"] == tables, name
    for name in ("finetuned", "zero_shot"):
        assert "order" not in made.prediction_inputs(name, "mine", "test")
    assert " --context 2 " in made.training_flags("context")


def test_what_starts_from_a_reader_of_sentences_before_reads_as_many(files):
    trainings = {
        "context": {"like": "stage2", "context": 2},
        "later": {"like": "stage2", "start": "context", "context": 1},
    }
    with pytest.raises(UserError, match=r"trainings\.later\.context is 1, and context, .* reads 2"):
        files(trainings=trainings)
    trainings["later"]["context"] = 2
    files(trainings=trainings)


def test_landmarks_alone_cannot_be_reranked_by_sonar(files):
    with pytest.raises(UserError, match=r"systems\.landmarks\.decoding\.rerank sonar"):
        files(systems=["landmarks"], decoding={"rerank": "sonar"})
    systems = {"landmarks": {"decoding": {"rerank": "mbr"}}, "finetuned": None}
    made = files(systems=systems, decoding={"rerank": "sonar", "length_penalty": 0.5})
    assert "--length-penalty 0.5 --rerank mbr" in made.prediction_flags("landmarks")
    assert "--length-penalty 0.5 --rerank sonar" in made.prediction_flags("finetuned")


def test_fused_systems_read_features_and_landmarks(files):
    inputs = files(systems=["fused"]).prediction_inputs("fused", "mine", "test")
    assert inputs["landmark_model"] == "results/mine/checkpoints/landmarks/best.pt"
    assert inputs["sign_encoder"] == "results/mine/checkpoints/fused/best.pt"
    folders = [path.split("/test/")[0].removeprefix("results/mine/") for path in inputs["timings"]]
    assert folders == ["clips", "features/stage1", "landmarks"]


def test_every_run_is_scored_in_every_language_that_it_speaks(files):
    made = files(
        seeds=[1, 2],
        systems=["zero_shot", "finetuned", "landmarks"],
        languages={"outputs": ["eng_Latn", "ita_Latn"]},
    )
    names = [path.removeprefix("results/mine/metrics/") for path in made.scores("json")]
    assert names == [
        "zero_shot.json", "finetuned.json", "finetuned.seed2.json",
        "landmarks.json", "landmarks.seed2.json",
        "zero_shot.ita_Latn.json", "finetuned.ita_Latn.json", "finetuned.seed2.ita_Latn.json",
    ]  # fmt: skip
    inputs = made.score_inputs("mine", "finetuned.seed2.ita_Latn")
    assert inputs["predictions"] == "results/mine/predictions/finetuned.seed2/test.ita_Latn.tsv"
    assert inputs["references"] == "results/mine/captions/test.ita_Latn.tsv"
    assert "references" not in made.score_inputs("mine", "finetuned.seed2")


def test_a_config_may_have_a_comparison_of_its_own(files):
    own, shared = files(comparison="ablation"), files()
    folder = "results/mine/comparisons/ablation"
    assert f"{folder}/comparison.json" in own.final_outputs()
    assert f"{folder}/report/index.html" in own.final_outputs()
    assert own.scores("json") == shared.scores("json")
    in_one_place = {path.replace(folder, "results/mine") for path in own.final_outputs()}
    assert in_one_place == set(shared.final_outputs())


def test_a_shard_or_seed_that_is_not_there_is_named(files):
    with pytest.raises(UserError, match="the config's seeds are 1"):
        files().training_inputs("stage2.seed5")
    with pytest.raises(UserError, match="shards of mine lack 'dev'"):
        files().shards("x", "mine", "dev")


def test_only_drawn_signers_are_shown_without_being_told_to(files):
    assert not files().shows_videos
    assert files(gallery={"videos": True}).shows_videos
    drawn = {"name": "d", "type": "demo", "root": "resources/demo/howto"}
    assert files(corpus=drawn).shows_videos
    assert not files(corpus=drawn, gallery={"videos": False}).shows_videos
