"""`systems`: what a config declares, what exists of it, and what would be made."""

import json
import subprocess
import sys

import pytest
from experiments import config_of, write_manifests
from small_files import REPOSITORY

from sonar_sign.operations.config import load_config
from sonar_sign.operations.estimate import estimate
from sonar_sign.operations.rates import read_rates
from sonar_sign.operations.systems import MAX_LISTED, as_text, list_systems

CHECKPOINTS = "results/how2sign/checkpoints"
LANGUAGES = {"captions": "eng_Latn", "outputs": ["eng_Latn", "ita_Latn"]}


def listed(folder, **values):
    values = {"systems": ["zero_shot", "stage1", "finetuned"], **values}
    return list_systems(config_of(folder, **values), folder / "results")


def touch(folder, *paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()


def by_name(items):
    return {item.name: item for item in items}


def test_before_anything_is_built(tmp_path):
    listing = listed(tmp_path)
    trainings, systems = by_name(listing.trainings), by_name(listing.systems)
    assert list(trainings) == ["stage1", "stage2"]
    assert list(systems) == ["zero_shot", "stage1", "finetuned"]
    assert trainings["stage2"].inputs == {
        "kind": "sign_encoder",
        "start": "pretrained",
        "features": "stage1",
        "data": {"how2sign": 1.0},
    }
    assert systems["finetuned"].inputs == {"training": "stage2", "features": "stage1"}
    assert trainings["stage1"].to_make == [f"{CHECKPOINTS}/stage1/best.pt"]
    for item in (*listing.trainings, *listing.systems):
        assert item.to_make == list(item.files) and not any(item.files.values())
    # The official numbers of sentences are known, so its cost is.
    assert listing.gpu_hours > trainings["stage1"].gpu_hours > 0 and listing.note == ""
    assert {"landmarks", "fused", "joint"} == set(listing.unused)


def test_what_exists_is_not_made_again(tmp_path):
    touch(tmp_path, f"{CHECKPOINTS}/stage1/best.pt")
    touch(tmp_path, "results/how2sign/predictions/zero_shot/test.tsv")
    listing = listed(tmp_path)
    trainings, systems = by_name(listing.trainings), by_name(listing.systems)
    assert trainings["stage1"].to_make == []
    assert trainings["stage2"].to_make == [f"{CHECKPOINTS}/stage2/best.pt"]
    assert systems["zero_shot"].to_make == ["results/how2sign/metrics/zero_shot.json"]


def test_what_follows_something_that_is_missing_is_made(tmp_path):
    """Stage 2 and its scores are there, the video encoder of its features is not."""
    touch(tmp_path, f"{CHECKPOINTS}/stage2/best.pt")
    touch(tmp_path, "results/how2sign/predictions/finetuned/test.tsv")
    touch(tmp_path, "results/how2sign/metrics/finetuned.json")
    listing = listed(tmp_path)
    assert by_name(listing.trainings)["stage2"].to_make == [f"{CHECKPOINTS}/stage2/best.pt"]
    finetuned = by_name(listing.systems)["finetuned"]
    assert all(finetuned.files.values()) and finetuned.to_make == list(finetuned.files)


def test_metrics_of_one_language_do_not_wait_for_another(tmp_path):
    folder = "results/how2sign"
    for name in ("predictions/zero_shot/test", "metrics/zero_shot"):
        touch(tmp_path, f"{folder}/{name}.{'tsv' if name[0] == 'p' else 'json'}")
    touch(tmp_path, f"{folder}/predictions/zero_shot/test.ita_Latn.tsv")
    (item,) = listed(tmp_path, systems=["zero_shot"], languages=LANGUAGES).systems
    assert item.to_make == [f"{folder}/metrics/zero_shot.ita_Latn.json"]


def test_seeds_and_languages_have_files_of_their_own(tmp_path):
    touch(tmp_path, f"{CHECKPOINTS}/stage1/best.pt")
    listing = listed(tmp_path, seed=1, seeds=[1, 2], languages=LANGUAGES)
    trainings, systems = by_name(listing.trainings), by_name(listing.systems)
    assert trainings["stage1"].to_make == [f"{CHECKPOINTS}/stage1.seed2/best.pt"]
    folder = "results/how2sign"
    assert list(systems["finetuned"].files) == [
        f"{folder}/predictions/finetuned/test.tsv",
        f"{folder}/metrics/finetuned.json",
        f"{folder}/predictions/finetuned/test.ita_Latn.tsv",
        f"{folder}/metrics/finetuned.ita_Latn.json",
        f"{folder}/predictions/finetuned.seed2/test.tsv",
        f"{folder}/metrics/finetuned.seed2.json",
        f"{folder}/predictions/finetuned.seed2/test.ita_Latn.tsv",
        f"{folder}/metrics/finetuned.seed2.ita_Latn.json",
    ]
    assert len(systems["zero_shot"].files) == 4, "it has no training, so one seed"


def test_a_system_that_only_decodes_differently(tmp_path):
    greedy = {"training": "stage2", "decoding": {"beam_size": 1}}
    listing = listed(tmp_path, systems={"greedy": greedy})
    (item,) = listing.systems
    assert item.inputs["decoding"] == {"beam_size": 1}
    assert "decoding: beam_size 1" in as_text(listing)


def test_a_training_like_another_shows_what_it_changes(tmp_path):
    trainings = {"mse_only": {"like": "stage2", "losses": {"cosine": 0}}}
    listing = listed(tmp_path, trainings=trainings, systems={"mse_only": {"training": "mse_only"}})
    inputs = by_name(listing.trainings)["mse_only"].inputs
    assert (inputs["like"], inputs["losses"]) == ("stage2", {"cosine": 0})
    assert inputs["features"] == "stage1"
    assert "like: stage2, losses: cosine 0, kind: sign_encoder" in as_text(listing)


def test_costs_are_those_of_estimate(tmp_path):
    write_manifests(tmp_path / "results", train=900, val=45, test=55)
    config = config_of(tmp_path, systems=["finetuned"])
    found = estimate(config.experiment, read_rates(), tmp_path / "results")
    listing = list_systems(config, tmp_path / "results")
    steps = {step.name: step.gpu_hours for step in found.steps}
    assert by_name(listing.trainings)["stage1"].gpu_hours == steps["train stage1"]
    assert by_name(listing.systems)["finetuned"].gpu_hours == steps["predict finetuned"]
    assert listing.gpu_hours == pytest.approx(sum(steps.values()))


def test_the_demo_is_listed_without_costs(tmp_path):
    config = load_config([REPOSITORY / "config/config.yaml"])
    listing = list_systems(config, tmp_path / "results")
    assert listing.gpu_hours is None and "demo" in listing.note
    text = as_text(listing)
    assert "No estimate: " in text and "results/demo/checkpoints/stage2/best.pt" in text


def test_a_long_list_is_cut_short_on_the_terminal_only(tmp_path):
    listing = listed(tmp_path, seeds=list(range(1, 9)))
    n_files = sum(len(item.to_make) for item in (*listing.trainings, *listing.systems))
    lines = as_text(listing).splitlines()
    assert f"To make: {n_files} files." in lines
    assert f"  and {n_files - MAX_LISTED} more; --json lists all" in lines


def command(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "sonar_sign", "systems", *map(str, arguments)],
        capture_output=True, text=True, cwd=folder,
    )  # fmt: skip


def test_the_command(tmp_path):
    (tmp_path / "data/how2sign").mkdir(parents=True)
    config = ["--config", REPOSITORY / "config/how2sign.yaml"]
    done = command(tmp_path, *config)
    assert done.returncode == 0, done.stderr
    first = done.stdout.splitlines()[1]
    assert first.startswith("stage1") and "0 of 1" in first and "kind: video_encoder" in first
    found = json.loads(command(tmp_path, *config, "--json").stdout)
    assert [item["name"] for item in found["systems"]] == ["zero_shot", "stage1", "finetuned"]


def test_a_system_that_is_not_known(tmp_path):
    config = "corpus: {name: a, type: ssvp, root: .}\nsystems: [zero_shoot]\n"
    (tmp_path / "c.yaml").write_text(config)
    done = command(tmp_path, "--config", "c.yaml")
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1
