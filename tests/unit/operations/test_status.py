"""`status`: what a training in progress says, and whether its process is still there."""

import json
import os
import subprocess
import sys

import pytest

from sonar_sign.core.files import write_json
from sonar_sign.operations.status import as_text, read_status
from sonar_sign.training.lock import training_lock

PROGRESS = {
    "training": "stage2",
    "kind": "sign_encoder",
    "epoch": 3,
    "epochs": 15,
    "step": 120,
    "steps": 600,
    "s_per_step": 0.42,
    "eta_s": 201.6,
    "scores": {"bleu_4": 12.345, "cosine": 0.61},
    "pid": os.getpid(),
    "host": "node7",
    "time": "2026-01-01T00:00:00",
}


@pytest.fixture
def results(tmp_path):
    """Results in which stage 2 is at step 120, with an older and a newer log."""
    corpus = tmp_path / "results/demo"
    write_json(corpus / "training/stage2/progress.json", PROGRESS)
    for name, time in (("logs/old/stage2.log", 1), ("logs/train/stage2.log", 2)):
        log = corpus / name
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("")
        os.utime(log, (time, time))
    return tmp_path / "results"


def test_a_training_that_runs(results):
    with training_lock(results / "demo/training/stage2"):
        (status,) = read_status(results)
    assert (status.corpus, status.training, status.running) == ("demo", "stage2", True)
    text = as_text([status])
    for words in (
        f"demo, stage2 (sign_encoder): running, process {os.getpid()} on node7",
        "epoch 3 of 15, step 120 of 600, 0.42 s per step, 3 min left",
        "last validation: bleu_4 12.35, cosine 0.61",
        f"log: {results}/demo/logs/train/stage2.log",
    ):
        assert words in text


def test_a_training_that_was_killed(results):
    """Its lock is still there; its process is not."""
    script = (
        "import os, sys\nfrom pathlib import Path\n"
        "from sonar_sign.training.lock import training_lock\n"
        "with training_lock(Path(sys.argv[1])):\n    os._exit(9)"
    )
    folder = results / "demo/training/stage2"
    subprocess.run([sys.executable, "-c", script, folder])
    assert (folder / "lock.json").exists()
    (status,) = read_status(results)
    assert not status.running
    text = as_text([status])
    assert "NOT RUNNING" in text and "resumes" in text and "left" not in text


def test_a_training_that_ended_with_an_error(results):
    """It removed its lock."""
    (status,) = read_status(results)
    assert not status.running


def test_the_first_step_has_neither_scores_nor_a_speed(results):
    path = results / "demo/training/stage2/progress.json"
    write_json(path, {**PROGRESS, "scores": {}, "s_per_step": None, "eta_s": None})
    text = as_text(read_status(results))
    assert "step 120 of 600\n" in text and "validation" not in text


def test_no_training(tmp_path):
    assert read_status(tmp_path) == []
    assert as_text([]) == "No training is running, and none was interrupted."


def test_the_command(results):
    command = [sys.executable, "-m", "sonar_sign", "status", "--results", results]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and "demo, stage2" in done.stdout, done.stderr
    done = subprocess.run([*command, "--json"], capture_output=True, text=True)
    (found,) = json.loads(done.stdout)
    assert found["running"] is False and found["scores"] == PROGRESS["scores"]
    missing = [*command[:-1], results / "none"]
    done = subprocess.run(missing, capture_output=True, text=True)
    assert done.returncode == 2 and "--results" in done.stderr
