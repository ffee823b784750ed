"""The real job's config, rehearsed with few layers, from fetching the models to the report."""

import json
import subprocess

import preloaded
import pytest
import yaml
from workflow_project import REPOSITORY

CONFIG = REPOSITORY / "config/how2sign.yaml"
SMALL = ("--layers", "1", "--pieces", "1000", "--n-clips", "3")


def rehearse(folder, *words):
    """The command as a person calls it."""
    command = [preloaded.commands() / "sonar-sign", "rehearse", *words]
    return subprocess.run(
        [str(word) for word in command], cwd=folder, capture_output=True, text=True
    )


@pytest.mark.slow
@pytest.mark.long
def test_every_step_of_the_real_config_runs(tmp_path):
    done = rehearse(tmp_path, "--config", CONFIG, *SMALL, "--keep", "--output", "costs.json")
    assert done.returncode == 0, done.stdout + done.stderr
    steps = {
        step["step"]: step for step in json.loads((tmp_path / "costs.json").read_text())["steps"]
    }
    expected = {"fetch_model", "prepare", "crop", "embed_text", "extract pretrained", "compare"}
    expected |= {"train stage1", "extract stage1", "train stage2", "predict finetuned", "gallery"}
    assert expected <= set(steps)
    assert steps["fetch_model"]["jobs"] == 5
    assert steps["train stage1"]["disk_gb"] > 0
    assert "| train stage1 " in done.stdout and "What the real run needs" in done.stdout
    project = tmp_path / "rehearsal/project"
    assert (project / "results/how2sign/report/index.html").is_file()
    # Each download was cut in the middle and went on; the files were checked by their hashes.
    registry = yaml.safe_load((tmp_path / "rehearsal/registry.yaml").read_text())
    for name, entry in registry.items():
        files = list((project / "resources/models").rglob(entry["address"].rsplit("/", 1)[-1]))
        assert [file.stat().st_size for file in files] == [entry["size"]], name
    assert not (tmp_path / "rehearsal/served").exists()


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"extends": "config.yaml"}, "The demo needs no rehearsal"),
        ({"systems": ["landmarks"]}, "read landmarks cannot be rehearsed"),
        ({"models": {"sonar": "/mnt/sonar"}}, "models.sonar is /mnt/sonar, a model of your own"),
        (
            {"further_corpora": {"news": {"type": "ssvp", "root": "/mnt/news"}}},
            "further corpora cannot be rehearsed",
        ),
    ],
)
def test_what_cannot_be_rehearsed_is_told_at_once(tmp_path, config, words):
    corpus = {"name": "mine", "type": "how2sign", "root": "/no"}
    values = config if "extends" in config else {"corpus": corpus, **config}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(values))
    done = rehearse(tmp_path, "--config", "mine.yaml")
    assert done.returncode == 2 and words in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "rehearsal").exists()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "rehearsal").mkdir()
    (tmp_path / "rehearsal/thesis.tex").write_text("years of work")
    done = rehearse(tmp_path, "--config", CONFIG)
    assert done.returncode == 2 and "holds something else than a rehearsal" in done.stderr
    assert (tmp_path / "rehearsal/thesis.tex").read_text() == "years of work"


def test_a_disk_that_is_too_small_is_told_before_anything_is_written(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=5m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        done = rehearse(disk, "--config", CONFIG)
        assert done.returncode == 2, done.stderr
        assert "A rehearsal needs 23" in done.stderr and "fewer --layers" in done.stderr
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_corpus_without_enough_sentences_is_told(tmp_path):
    (tmp_path / "clips").mkdir()
    header = "VIDEO_ID\tVIDEO_NAME\tSENTENCE_ID\tSENTENCE_NAME\tSTART_REALIGNED\tEND_REALIGNED"
    (tmp_path / "clips/how2sign_realigned_train.csv").write_text(f"{header}\tSENTENCE\n")
    done = rehearse(tmp_path, "--config", CONFIG, *SMALL, "--clips", "clips")
    assert done.returncode == 2 and "too few sentences with videos" in done.stderr
    assert not (tmp_path / "rehearsal").exists()
    done = rehearse(tmp_path, "--config", CONFIG, *SMALL, "--clips", "nowhere")
    assert done.returncode == 2 and "nowhere" in done.stderr and done.stderr.count("\n") == 1
