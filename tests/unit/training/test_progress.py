"""What a training says while it runs: `progress.json`, and lines in its log."""

import json
import os
import re
import signal
import socket
from datetime import datetime

import pytest
import torch
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

    def run(end_at=None):
        rows = []

        def spy(self, batch):
            if self.training:
                rows.append(json.loads(path.read_text()))
                if len(rows) == end_at:
                    os.kill(os.getpid(), signal.SIGTERM)
            return forward(self, batch)

        monkeypatch.setattr(FeaturesToEmbedding, "forward", spy)
        task = SignEncoderTraining(inputs, OPTIONS, LossOptions())
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


def test_the_log_has_a_line_per_validation_and_per_minute(train, capfd, monkeypatch):
    train()
    lines = capfd.readouterr().out.splitlines()
    validations = [line for line in lines if "validation" in line]
    assert len(validations) == 2
    assert re.fullmatch(
        r"epoch 2 of 3, step 8 of 12: validation loss_mse [\d.]+, .*, cosine -?[\d.e-]+",
        validations[0],
    )
    assert re.fullmatch(r"Best cosine -?[\d.e-]+, after (8|12) steps\.", lines[-1])
    assert not [line for line in lines if "per step" in line]

    monkeypatch.setattr(progress, "PRINT_EVERY_S", 0.0)
    train()
    lines = [line for line in capfd.readouterr().out.splitlines() if "per step" in line]
    assert len(lines) == N_STEPS
    line = r"epoch 1 of 3, step 2 of 12: loss [\d.]+, [\d.]+ s per step, \d+ s left"
    assert re.fullmatch(line, lines[1])


def test_lightnings_own_remarks_are_not_in_the_log(train, capfd):
    train()
    out, err = capfd.readouterr()
    for words in ("litlogger", "weights_only", "TPU", "GPU available", "eval mode", "Warning"):
        assert words not in out + err
