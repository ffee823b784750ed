"""What a run will take: reckoned by hand for clips whose cost is known."""

import re
import subprocess
import sys

import pytest
import yaml
from small_files import REPOSITORY

from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import write_rows
from sonar_sign.operations.estimate import estimate, read_config, read_rates

CONFIGS = [REPOSITORY / "config/config.yaml", REPOSITORY / "config/how2sign.yaml"]


def write_manifests(results, **clips):
    """`clips` of 63 frames at 25 a second each: 32 sampled ones, so 96 of a window are padding."""
    for split, n in clips.items():
        rows = [(f"c{number}", 63, 25.0) for number in range(n)]
        path = results / f"how2sign/manifests/{split}.tsv"
        write_rows(path, ("clip_id", "n_frames", "fps"), rows)


def steps_of(found):
    return {step.name: step for step in found.steps}


def test_hours_of_known_clips(tmp_path):
    write_manifests(tmp_path, train=900, val=45, test=55)
    config, rates = read_config(CONFIGS), read_rates()
    found = estimate(config, rates, tmp_path)
    assert sum(load.hours for load in found.loads.values()) == pytest.approx(1000 * 2.52 / 3600)
    steps = steps_of(found)
    # 0.53 TFLOP a clip (docs/benchmarks.md) at 100 TFLOP/s.
    assert steps["extract, stage1"].gpu_hours == pytest.approx(1000 * 0.53 / 100 / 3600)
    assert steps["extract, pretrained"].gpu_hours == pytest.approx(55 * 0.53 / 100 / 3600)
    assert steps["finetune_stage1"].gpu_hours == pytest.approx(900 * 15 * 2.2 * 0.53 / 100 / 3600)
    # 16 features a clip, of 768 numbers of two bytes.
    assert steps["extract, stage1"].disk_gb == pytest.approx(1000 * 16 * 768 * 2 / 1e9)
    operations = 6 * 752_088_064 * 900 * 16 * 20
    assert steps["finetune_stage2"].gpu_hours == pytest.approx(operations / 20e12 / 3600)
    assert steps["crop"].core_hours == pytest.approx(1000 * 2.52 / 3600 / 2.8)


def test_more_gpus_take_less_time_and_training_gains_less(tmp_path):
    write_manifests(tmp_path, train=900, val=45, test=55)
    found = estimate(read_config(CONFIGS), read_rates(), tmp_path)
    alone, four = found.wall_hours(1, 10), found.wall_hours(4, 10)
    cores = sum(step.core_hours for step in found.steps) / 10
    trained = sum(step.gpu_hours for step in found.steps if not step.shared)
    shared = sum(step.gpu_hours for step in found.steps if step.shared)
    assert alone == pytest.approx(cores + trained + shared)
    assert four == pytest.approx(cores + trained / (1 + 3 * 0.9) + shared / 4)


def test_systems_that_are_not_wanted_cost_nothing(tmp_path):
    write_manifests(tmp_path, test=55)
    config = read_config(CONFIGS)
    config["systems"] = ["zero_shot"]
    config["corpus"]["shards"] = {"test": 4}
    found = estimate(config, read_rates(), tmp_path)
    assert set(steps_of(found)) == {"crop", "fetch_model", "extract, pretrained", "predict"}


def test_rates_of_ones_own_replace_assumptions(tmp_path):
    write_manifests(tmp_path, train=900, val=45, test=55)
    mine = tmp_path / "rates.yaml"
    mine.write_text("gpu_tflop_per_s: 200\n")
    config = read_config(CONFIGS)
    before, after = (estimate(config, read_rates(path), tmp_path) for path in (None, mine))
    halved = steps_of(after)["finetune_stage1"].gpu_hours
    assert halved == pytest.approx(steps_of(before)["finetune_stage1"].gpu_hours / 2)
    assert after.rates["gpu_tflop_per_s"]["source"] == str(mine)


@pytest.mark.parametrize("text", ["gpu_tflops: 3", "gpu_tflop_per_s: fast", "gpu_tflop_per_s: 0"])
def test_a_wrong_rate_is_named(tmp_path, text):
    (tmp_path / "rates.yaml").write_text(text)
    with pytest.raises(UserError, match="gpu_tflop"):
        read_rates(tmp_path / "rates.yaml")


def test_every_rate_says_where_it_is_from():
    for name, rate in read_rates().items():
        assert rate["value"] > 0 and len(rate["source"]) > 10, name
        assert rate["measured"] in (True, False)
        assert (
            not rate["measured"] or "docs/benchmarks.md" in rate["source"] or "`" in rate["source"]
        )


def test_a_corpus_without_official_counts_needs_its_manifests(tmp_path):
    config = read_config(CONFIGS)
    config["corpus"]["type"] = "ssvp"
    with pytest.raises(UserError, match=r"train\.tsv is missing .* make it first"):
        estimate(config, read_rates(), tmp_path)


def command(folder, *arguments):
    """The command as a person calls it in a clone."""
    return subprocess.run(
        [sys.executable, "-m", "sonar_sign", "estimate", *map(str, arguments)],
        capture_output=True, text=True, cwd=folder,
    )  # fmt: skip


def test_what_is_printed_before_there_is_a_manifest(tmp_path):
    done = command(
        REPOSITORY,
        "--config",
        "config/how2sign.yaml",
        "--results",
        tmp_path,
        "--gpus",
        1,
        "--gpus",
        3,
    )
    assert done.returncode == 0, done.stderr
    assert re.findall(r"(\d) GPUs? +and 16 cores: +([0-9.]+) hours", done.stdout)[1][0] == "3"
    assert "31128 clips" in done.stdout and "official: " in done.stdout
    _, _, assumed = done.stdout.partition("ASSUMED, not measured:")
    assert "gpu_tflop_per_s 100" in assumed
    assert yaml.safe_load((REPOSITORY / "src/sonar_sign/operations/rates.yaml").read_text())


def test_a_missing_config_is_one_sentence(tmp_path):
    done = command(tmp_path, "--config", "no.yaml")
    assert done.returncode == 2 and "config/config.yaml is missing" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
