"""What a training says while it runs: `progress.json`, and lines in its log."""

import csv
import json
import os
import re
import signal
import socket
from dataclasses import replace
from datetime import datetime

import pytest
import torch
import training_command
from small_files import write_manifest, write_random_features, write_random_targets
from tiny_models import supervision_files_of, tiny_encoder

from sonar_sign.core.errors import PreemptedError
from sonar_sign.core.options import LossOptions, TrainOptions
from sonar_sign.models.checkpoint import save_sign_encoder
from sonar_sign.training import progress
from sonar_sign.training.sign_encoder import (
    FeatureInputs,
    FeaturesToEmbedding,
    SignEncoderTraining,
)
from sonar_sign.training.task import Destination, run_training

torch.set_num_threads(1)

IDS = [f"c{n}" for n in range(8)]
OPTIONS = TrainOptions(epochs=3, batch_size=2, select="cosine", eval_every=2, save_every=0)
N_STEPS = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("progress")
    write_random_features(folder / "f.npy", IDS)
    write_random_targets(folder / "t.npy", IDS)
    write_manifest(folder / "m.tsv", IDS)
    save_sign_encoder(folder / "start.pth", tiny_encoder())
    return folder


@pytest.fixture
def train(folder, tmp_path, monkeypatch):
    """Train, writing the file every step; returns its content at the start of each step."""
    monkeypatch.setattr(progress, "WRITE_EVERY_S", 0.0)
    path = tmp_path / "training/progress.json"
    forward = FeaturesToEmbedding.forward
    files = supervision_files_of(folder / "t.npy", folder / "m.tsv")
    inputs = FeatureInputs([folder / "f.npy"], [folder / "f.npy"], files, folder / "start.pth")

    def run(end_at=None, **settings):
        rows = []

        def spy(self, batch):
            if self.training:
                rows.append(json.loads(path.read_text()))
                if len(rows) == end_at:
                    os.kill(os.getpid(), signal.SIGTERM)
            return forward(self, batch)

        monkeypatch.setattr(FeaturesToEmbedding, "forward", spy)
        task = SignEncoderTraining(inputs, replace(OPTIONS, **settings), LossOptions())
        destination = Destination(tmp_path / "best.pt", tmp_path / "training", "stage2")
        run_training(task, destination, device="cpu")
        return rows

    return run


def test_the_file_says_how_far_the_training_is(train, tmp_path):
    rows = train()
    assert len(rows) == N_STEPS and not (tmp_path / "training").exists()
    assert [row["step"] for row in rows] == list(range(N_STEPS))
    assert [row["epoch"] for row in rows] == 5 * [1] + 4 * [2] + 3 * [3]  # of the last step
    first, last = rows[0], rows[-1]
    assert (first["training"], first["kind"]) == ("stage2", "sign_encoder")
    assert (first["epochs"], first["steps"]) == (3, N_STEPS)
    assert (first["pid"], first["host"]) == (os.getpid(), socket.gethostname())
    assert first["s_per_step"] is first["eta_s"] is None and first["scores"] == {}
    assert last["s_per_step"] > 0 and last["eta_s"] == pytest.approx(last["s_per_step"], abs=1)
    assert rows[7]["scores"] == {}  # the first validation comes after the second epoch
    assert set(last["scores"]) == {"cosine", "loss_mse", "loss_cosine"}
    assert datetime.fromisoformat(last["time"]) >= datetime.fromisoformat(first["time"])


def test_an_interrupted_training_leaves_its_file_and_a_resumed_one_goes_on_with_it(train, tmp_path):
    with pytest.raises(PreemptedError):
        train(end_at=10)
    left = json.loads((tmp_path / "training/progress.json").read_text())
    assert (left["step"], left["epoch"]) == (10, 3) and left["scores"]
    rows = train()
    assert [row["step"] for row in rows] == [10, 11]
    assert rows[0]["scores"] == left["scores"]
    # The time of a step is that of this run.
    assert rows[0]["s_per_step"] is None and rows[1]["s_per_step"] > 0
    assert not (tmp_path / "training").exists()


NUMBER = r"-?[\d.]+(e-\d+)?"
DURATION = r"[\d.e-]+ (s|min)"


def log_of(capfd):
    """The lines of a training's log, without the table of parameters; none is drawn over."""
    out, err = capfd.readouterr()
    assert err == "" and "\r" not in out
    lines = out.splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("Training "))
    return lines[first:]


def test_the_log_has_a_line_per_epoch(train, capfd):
    train()
    start, *epochs, end = log_of(capfd)
    assert re.fullmatch(
        r"Training stage2: [\d,]+ of [\d,]+ parameters, on cpu in fp32; 3 epochs of 8 clips in "
        r"batches of 2; 8 clips for validation\.",
        start,
    )
    train_loss, per_epoch = f"train loss {NUMBER}", f"{DURATION} per epoch"
    validation = f"validation loss_mse {NUMBER}, loss_cosine {NUMBER}, cosine {NUMBER}"
    best = rf"best cosine {NUMBER} \(step (8|12)\)"
    for line, expected in zip(
        epochs,
        [
            f"epoch 1 of 3: {train_loss}; {per_epoch}, {DURATION} left",
            f"epoch 2 of 3: {train_loss}; {validation}; {best}; {per_epoch}, {DURATION} left",
            f"epoch 3 of 3: {train_loss}; {validation}; {best}; {per_epoch}",
        ],
        strict=True,
    ):
        assert re.fullmatch(expected, line), line
    assert re.fullmatch(
        rf"Ended after 3 epochs, 12 steps and {DURATION}\. "
        rf"Best cosine {NUMBER}, after (8|12) steps\.",
        end,
    )


def test_the_train_loss_of_an_epoch_is_the_mean_over_its_clips(train, tmp_path, capfd):
    train()
    _, first, *_ = log_of(capfd)
    with (tmp_path / "curves.csv").open() as file:
        losses = [float(row["train/loss"]) for row in csv.DictReader(file) if row["train/loss"]]
    shown = float(re.search(r"train loss ([\d.]+)", first)[1])
    assert shown == pytest.approx(sum(losses[:4]) / 4, rel=1e-3)


def test_a_long_epoch_has_lines_within_it(train, capfd, monkeypatch):
    monkeypatch.setattr(progress, "PRINT_EVERY_S", 0.0)
    train()
    lines = [line for line in log_of(capfd) if "per step" in line]
    assert len(lines) == N_STEPS
    line = rf"epoch 1 of 3: step 2 of 12, loss {NUMBER}, [\d.]+ s per step, {DURATION} left"
    assert re.fullmatch(line, lines[1]), lines[1]


def test_the_log_says_that_a_training_resumes(train, capfd):
    with pytest.raises(PreemptedError):
        train(end_at=10)
    capfd.readouterr()
    train()
    start, resumed, *_ = log_of(capfd)
    assert start.startswith("Training stage2: ")
    assert resumed == "Resuming after step 10 of 12, in epoch 3 of 3."


def test_a_training_that_ends_early_says_so(train, capfd):
    train(epochs=9, eval_every=1, patience=1, learning_rate=1e-30)
    *_, end = log_of(capfd)
    assert re.fullmatch(
        rf"Ended after 2 epochs, 8 steps and {DURATION}, as cosine had not risen for a while\. "
        rf"Best cosine {NUMBER}, after 4 steps\.",
        end,
    )


def test_nothing_but_our_own_lines_is_in_the_log(tmp_path):
    """Of the real command: within tests, warnings are not printed."""
    files = training_command.training_files(tmp_path)
    flags = {"epochs": 2, "num_workers": 1, "gradient_accumulation_steps": 3}
    done = training_command.finish(files, tmp_path, **flags)
    table, start, *rest = re.split("(Training sign_encoder: .*\n)", done.stdout)
    assert table.startswith("Parameters") and start
    lines = "".join(rest).splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == ["epoch 1 of 2", "epoch 2 of 2"]
    assert len(lines) == 3 and lines[2].startswith("Ended after 2 epochs")
    assert done.stderr == ""
