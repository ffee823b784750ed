"""Training a sign encoder on random features, as a command in a process of its own."""

import subprocess
import sys
from pathlib import Path

import preloaded
from small_files import write_manifest, write_random_features, write_random_targets
from tiny_models import tiny_encoder

from sonar_sign.models.checkpoint import save_sign_encoder

IDS = [f"c{n:02d}" for n in range(40)]
COMMAND = str(Path(sys.executable).with_name("sonar-sign"))


def training_files(folder):
    """Features, targets, captions and a sign encoder to start from."""
    write_random_features(folder / "f.npy", IDS)
    write_random_targets(folder / "t.npy", IDS)
    write_manifest(folder / "m.tsv", IDS)
    save_sign_encoder(folder / "start.pth", tiny_encoder())
    return folder


def command(folder, out, **settings):
    """The real command, to be killed or started with little memory."""
    values = {
        "train-features": folder / "f.npy", "val-features": folder / "f.npy",
        "train-targets": folder / "t.npy", "val-targets": folder / "t.npy",
        "train-manifest": folder / "m.tsv", "val-manifest": folder / "m.tsv",
        "sign-encoder": folder / "start.pth", "sonar": folder / "none",
        "output": out / "best.pt", "training-dir": out / "training",
        "epochs": 6, "batch-size": 2, "select": "cosine", "save-every": 1, "patience": 9,
        "learning-rate": 1e-3, "device": "cpu", "threads": 1, "infonce": 0.1, "seed": 4,
    } | {name.replace("_", "-"): value for name, value in settings.items()}  # fmt: skip
    flags = [f"--{name}={value}" for name, value in values.items()]
    return [COMMAND, "train_sign_encoder", *flags]


def run(folder, out, **settings):
    """The same command, left alone: it need not import PyTorch again."""
    words = [preloaded.commands() / "sonar-sign", *command(folder, out, **settings)[1:]]
    return subprocess.run(words, capture_output=True, text=True)


def finish(folder, out, **settings):
    done = run(folder, out, **settings)
    assert done.returncode == 0, done.stderr
    return done
