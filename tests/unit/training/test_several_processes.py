"""Training divided over processes, with gloo on the CPU, learns what one process does."""

import socket
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
from training_command import command, finish, training_files

BIN = Path(sys.executable).parent
# A step of four clips; 40 clips in 7 epochs.
ONE = {"batch_size": 4, "save_every": 0, "epochs": 3}
HALF = ONE | {"batch_size": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return training_files(tmp_path_factory.mktemp("training"))


@pytest.fixture(scope="module")
def one(folder):
    finish(folder, folder / "one", **ONE)
    return folder / "one"


def assert_learnt_the_same(one, out):
    models = [torch.load(path / "best.pt", weights_only=True)["student"] for path in (one, out)]
    start = torch.load(one.parent / "start.pth", weights_only=True)["student"]
    for name, tensor in models[0].items():
        assert (models[1][name] - tensor).abs().max() < 1e-5, name
    moved = max((models[0][name] - tensor).abs().max() for name, tensor in start.items())
    assert moved > 1e-3
    curves = [pd.read_csv(path / "curves.csv") for path in (one, out)]
    for column in ("val/cosine", "val/loss_mse", "train/gradient_norm", "train/learning_rate"):
        first, second = (table[column].dropna().tolist() for table in curves)
        assert first == pytest.approx(second, rel=1e-4)


@pytest.mark.slow
@pytest.mark.long
def test_two_processes_of_one_command(folder, one, tmp_path):
    finish(folder, tmp_path, **HALF, devices=2, strategy="ddp")
    assert_learnt_the_same(one, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "best.pt", "curves.csv", "tensorboard", "timings.csv",
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.long
def test_two_processes_of_one_slurm_task(folder, one, tmp_path, monkeypatch):
    # What srun -n1 gives a process; Lightning would want a task for each device.
    for name, value in {
        "JOB_ID": "7", "JOB_NAME": "abc", "NTASKS": "1", "NTASKS_PER_NODE": "1", "PROCID": "0",
        "LOCALID": "0", "NODEID": "0", "NNODES": "1", "NODELIST": "localhost",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"SLURM_{name}", value)
    finish(folder, tmp_path, **HALF, devices=2, strategy="ddp")
    assert_learnt_the_same(one, tmp_path)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.slow
@pytest.mark.long
def test_torchrun(folder, one, tmp_path):
    arguments = command(folder, tmp_path, **HALF, strategy="ddp")
    run = [BIN / "torchrun", "--nproc-per-node=2", f"--master-port={free_port()}", *arguments]
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert_learnt_the_same(one, tmp_path)


def test_accumulated_gradients(folder, tmp_path):
    # infonce has fewer negatives in smaller batches.
    settings = ONE | {"infonce": 0}
    finish(folder, folder / "plain", **settings)
    settings |= {"batch_size": 1, "gradient_accumulation_steps": 4}
    finish(folder, tmp_path, **settings)
    assert_learnt_the_same(folder / "plain", tmp_path)
