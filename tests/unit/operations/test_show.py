"""`show`: a comparison, or how a checkpoint was made."""

import subprocess
import sys

import torch


def show(path):
    command = [sys.executable, "-m", "sonar_sign", "show", str(path)]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_checkpoint_says_how_it_was_made(tmp_path):
    made = {"training": "stage2", "seed": 3, "settings": {"losses.mse": 1.0}, "scores": {"bleu": 2}}
    torch.save({"student": {"w": torch.zeros(2)}, "extra": made}, tmp_path / "best.pt")
    done = show(tmp_path / "best.pt")
    assert done.returncode == 0, done.stderr
    for line in ("training: stage2", "seed: 3", "losses.mse: 1.0"):
        assert line in done.stdout


def test_a_checkpoint_without_metadata(tmp_path):
    torch.save({"student": {"w": torch.zeros(2)}}, tmp_path / "public.pth")
    done = show(tmp_path / "public.pth")
    assert done.returncode == 0 and "public.pth" in done.stdout


def test_a_file_that_is_neither(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    done = show(tmp_path / "notes.txt")
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1
