"""What a run needs: steps by what a config declares, and how their costs compare."""

import re
import subprocess
import sys

import pytest
from experiments import experiment_of, write_manifests
from small_files import REPOSITORY

from sonar_sign.operations.config import load_config
from sonar_sign.operations.estimate import Estimate, estimate
from sonar_sign.operations.estimate_text import as_text
from sonar_sign.operations.rates import read_rates

DEFAULTS = ["zero_shot", "stage1", "finetuned"]


@pytest.fixture
def results(tmp_path):
    write_manifests(tmp_path, train=900, val=45, test=55)
    return tmp_path


def estimated(results, rates=None, **values) -> Estimate:
    experiment = experiment_of(results, **{"systems": DEFAULTS, **values})
    return estimate(experiment, read_rates(rates), results)


def steps_of(found):
    return {step.name: step for step in found.steps}


def test_the_steps_of_the_default_systems(results):
    steps = steps_of(estimated(results))
    assert list(steps) == [
        "fetch_model",
        "crop",
        "embed_text",
        "train stage1",
        "extract stage1",
        "train stage2",
        "extract pretrained",
        "predict zero_shot",
        "predict stage1",
        "predict finetuned",
    ]
    assert all(step.runs == 1 for step in steps.values())


def test_a_system_alone_costs_what_it_needs(results):
    steps = steps_of(estimated(results, systems=["zero_shot"]))
    assert list(steps) == [
        "fetch_model",
        "crop",
        "embed_text",
        "extract pretrained",
        "predict zero_shot",
    ]


def test_a_fused_system_costs_all_trainings_that_it_starts_from(results):
    steps = steps_of(estimated(results, systems=["fused"]))
    assert {"train stage1", "train stage2", "train landmarks", "train fused"} <= set(steps)
    assert steps["extract_landmarks"].core_hours > 0
    assert steps["train fused"].gpu_hours > steps["train stage2"].gpu_hours > 0
    assert steps["train landmarks"].gpu_hours > 0


def test_landmarks_alone_need_no_clips(results):
    steps = steps_of(estimated(results, systems=["landmarks"]))
    assert list(steps) == [
        "fetch_model",
        "extract_landmarks",
        "train landmarks",
        "predict landmarks",
    ]


def test_landmarks_are_translated_into_the_captions_language_only(results):
    languages = {"captions": "eng_Latn", "outputs": ["eng_Latn", "ita_Latn"]}
    systems = ["landmarks", "zero_shot"]
    one, two = (
        steps_of(estimated(results, systems=systems, **changes))
        for changes in ({}, {"languages": languages})
    )
    assert two["predict landmarks"] == one["predict landmarks"]
    assert two["predict zero_shot"].gpu_hours == 2 * one["predict zero_shot"].gpu_hours


def test_a_joint_training_costs_both_models(results):
    steps = steps_of(estimated(results, systems=["joint", "finetuned"]))
    assert steps["train joint"].gpu_hours > steps["train stage1"].gpu_hours
    assert "extract joint" in steps


def test_every_seed_is_counted(results):
    once, thrice = steps_of(estimated(results)), steps_of(estimated(results, seeds=[1, 2, 3]))
    for name in ("train stage1", "extract stage1", "train stage2", "predict finetuned"):
        assert thrice[name].runs == 3
        assert thrice[name].gpu_hours == pytest.approx(3 * once[name].gpu_hours)
        assert thrice[name].disk_gb == pytest.approx(3 * once[name].disk_gb)
    for name in ("crop", "extract pretrained", "predict zero_shot"):
        assert thrice[name] == once[name]


def test_systems_that_differ_by_decoding_share_everything_else(results):
    greedy = {"training": "stage2", "decoding": {"beam_size": 1}}
    before = steps_of(estimated(results, systems={"finetuned": None}))
    after = steps_of(estimated(results, systems={"finetuned": None, "greedy": greedy}))
    assert set(after) - set(before) == {"predict greedy"}
    ratio = after["predict finetuned"].gpu_hours / after["predict greedy"].gpu_hours
    assert ratio == pytest.approx(5)


@pytest.mark.parametrize(
    ("training", "changes", "ratio"),
    [
        ("stage1", {"epochs": 30}, 2),
        ("stage2", {"epochs": 60}, 3),
        ("stage2", {"data": {"how2sign": 0.5}}, 0.5),
    ],
)
def test_the_cost_of_a_training_follows_its_settings(results, training, changes, ratio):
    before = steps_of(estimated(results))[f"train {training}"]
    after = steps_of(estimated(results, trainings={training: changes}))[f"train {training}"]
    assert after.gpu_hours == pytest.approx(ratio * before.gpu_hours)


def test_the_more_blocks_are_trained_the_more_it_costs(results):
    costs = [
        steps_of(estimated(results, trainings={"stage1": {"freeze": freeze}}))["train stage1"]
        for freeze in (1 - 1e-9, 0.9, 0.8, 0.4, 0.0)
    ]
    hours = [step.gpu_hours for step in costs]
    assert hours == sorted(hours) and len(set(hours)) == 5
    rates = read_rates()
    for place, freeze in ((2, "0.8"), (4, "0")):
        passes = rates[f"video_training_forward_passes_at_freeze_{freeze}"]["value"]
        assert hours[place] == pytest.approx(passes * hours[0])


def test_the_shape_of_a_landmark_translator_counts(results):
    small = {"landmarks": {"shape": {"d_model": 64, "d_ff": 128, "num_layers": 2}}}
    before = steps_of(estimated(results, systems=["landmarks"]))["train landmarks"]
    after = steps_of(estimated(results, systems=["landmarks"], trainings=small))["train landmarks"]
    assert after.gpu_hours < before.gpu_hours / 10 and after.disk_gb < before.disk_gb


def test_a_further_corpus_that_is_trained_on_is_cropped(results):
    write_manifests(results, "news", train=100)
    (results / "news_data").mkdir()
    news = {"type": "ssvp", "root": str(results / "news_data")}
    changes = {"stage2": {"data": {"how2sign": 1, "news": 1}}}
    before = steps_of(estimated(results))
    mixed = estimated(results, further_corpora={"news": news}, trainings=changes)
    after = steps_of(mixed)
    assert "news, train" in mixed.loads and "news, val" not in mixed.loads
    for step in ("crop", "extract stage1", "train stage2"):
        assert sum(vars(after[step])[key] for key in ("core_hours", "gpu_hours")) > sum(
            vars(before[step])[key] for key in ("core_hours", "gpu_hours")
        )
    assert after["train stage1"] == before["train stage1"]


def test_more_gpus_take_less_time_and_training_gains_less(results):
    found = estimated(results)
    alone, four = found.wall_hours(1, 10), found.wall_hours(4, 10)
    cores = sum(step.core_hours for step in found.steps) / 10
    trained = sum(step.gpu_hours for step in found.steps if not step.shared)
    shared = sum(step.gpu_hours for step in found.steps if step.shared)
    assert alone == pytest.approx(cores + trained + shared)
    gain = 1 + 3 * found.rates["efficiency_of_several_gpus"]["value"]
    assert four == pytest.approx(cores + trained / gain + shared / 4)
    assert {step.name for step in found.steps if not step.shared} == {
        "train stage1",
        "train stage2",
    }


def test_a_faster_gpu_halves_what_it_computes(results):
    mine = results / "rates.yaml"
    mine.write_text(f"gpu_tflop_per_s: {2 * read_rates()['gpu_tflop_per_s']['value']}\n")
    before, after = (
        steps_of(estimated(results)),
        steps_of(estimated(results, results / "rates.yaml")),
    )
    for name in ("train stage1", "extract stage1"):
        assert after[name].gpu_hours == pytest.approx(before[name].gpu_hours / 2)
    assert after["train stage2"] == before["train stage2"]


def test_what_is_not_counted_is_said(results):
    assert "Not counted" not in as_text(estimated(results), [1], 1, 100)
    changes = {"stage2": {"losses": {"decoder_ce": 0.5}}}
    text = as_text(estimated(results, trainings=changes), [1], 1, 100)
    assert "Not counted: SONAR's decoder in training stage2." in text


def test_the_demo_fetches_nothing_and_was_measured():
    experiment = load_config([REPOSITORY / "config/config.yaml"]).experiment
    found = estimate(experiment, read_rates())
    assert [step.name for step in found.steps] == ["make demo"]
    assert found.disk_gb == read_rates()["demo_disk_gb"]["value"] < 2
    text = as_text(found, [1], 2, 4)
    assert "models" not in text and "GPUs" not in text and "needs" not in text
    assert "config/config.yaml; further trainings" in text


def test_only_the_public_models_of_the_config_are_fetched(results):
    everything = steps_of(estimated(results))["fetch_model"].disk_gb
    assert everything == pytest.approx(9.74, abs=0.01)
    models = {"sonar": "/mnt/mine/sonar", "sign_encoder": "/mnt/mine/encoder.pth"}
    assert steps_of(estimated(results, models=models))["fetch_model"].disk_gb < 0.21


def test_a_machine_that_is_too_small_is_told_step_by_step(results):
    found = estimated(results)
    needed = {step.name: step.memory_gb for step in found.steps}
    assert needed["train stage2"] > needed["train stage1"] > needed["crop"] > 0
    assert needed["predict zero_shot"] == needed["predict finetuned"] > needed["crop"]
    between = (needed["train stage2"] + needed["train stage1"]) / 2
    told = [line for line in as_text(found, [1], 1, between).splitlines() if " needs " in line]
    assert len(told) == 1 and told[0].startswith("train stage2 needs ")
    assert told[0].endswith(f" GB of memory, this machine has {between:.0f}.")
    assert " needs " not in as_text(found, [1], 1, 1000)


def command(folder, *arguments):
    """The command as a person calls it in a clone."""
    return subprocess.run(
        [sys.executable, "-m", "sonar_sign", "estimate", *map(str, arguments)],
        capture_output=True, text=True, cwd=folder,
    )  # fmt: skip


def test_what_is_printed_before_there_is_a_manifest(tmp_path):
    (tmp_path / "data/how2sign").mkdir(parents=True)
    config = REPOSITORY / "config/how2sign.yaml"
    done = command(tmp_path, "--config", config, "--gpus", 1, "--gpus", 3)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"(\d) GPUs? +and 16 cores: +([0-9.]+) hours", done.stdout)[1][0] == "3"
    assert "31128 clips" in done.stdout and "official: " in done.stdout
    measured, _, assumed = done.stdout.partition("ASSUMED, not measured:")
    assert "\n  gpu_tflop_per_s " in assumed and "\n  gpu_tflop_per_s " not in measured


def test_a_missing_config_is_one_sentence(tmp_path):
    done = command(tmp_path, "--config", "no.yaml")
    assert done.returncode == 2 and "no.yaml is missing" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
