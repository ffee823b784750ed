"""Cards are shared out by locks: real processes, one of them killed."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.core.gpus import GPUS, LOCK_FOLDER, hold_gpus, refusal_of_device

# Takes cards, writes which and when, and works for a while.
JOB = """
import json, os, sys, time
from sonar_sign.core.gpus import hold_gpus
wanted, seconds, report = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
hold_gpus(wanted)
began = time.monotonic()
cards = os.environ["CUDA_VISIBLE_DEVICES"].split(",")
def write(ended):
    with open(report + ".part", "w") as file:
        json.dump({"cards": cards, "began": began, "ended": ended}, file)
    os.rename(report + ".part", report)
write(None)
time.sleep(seconds)
write(time.monotonic())
"""


def start(folder, name, wanted, seconds, cards="0,1"):
    environment = {**os.environ, GPUS: cards, LOCK_FOLDER: str(folder / "locks")}
    arguments = [str(wanted), str(seconds), str(folder / f"{name}.json")]
    return subprocess.Popen([sys.executable, "-c", JOB, *arguments], env=environment)


def report(folder, name):
    return json.loads((folder / f"{name}.json").read_text())


def wait_for(path):
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_no_two_jobs_at_one_time_have_a_card(tmp_path):
    # More jobs than cards; some want both.
    wanted = [1, 2, 1, 1, 0, 1, 2, 1]
    jobs = [start(tmp_path, f"job{n}", gpus, 0.3) for n, gpus in enumerate(wanted)]
    assert [job.wait(timeout=120) for job in jobs] == [0] * len(jobs)
    reports = [report(tmp_path, f"job{n}") for n in range(len(jobs))]
    assert [len(one["cards"]) for one in reports] == [gpus or 2 for gpus in wanted]
    for card in "01":
        spans = sorted((r["began"], r["ended"]) for r in reports if card in r["cards"])
        assert len(spans) >= 3
        for (_, ended), (began, _) in zip(spans, spans[1:], strict=False):
            assert ended <= began
    assert {tuple(one["cards"]) for one in reports} >= {("0",), ("0", "1")}


def test_two_jobs_of_one_card_run_beside_each_other(tmp_path):
    first = start(tmp_path, "first", 1, 60)
    wait_for(tmp_path / "first.json")
    second = start(tmp_path, "second", 1, 0)
    try:
        assert second.wait(timeout=60) == 0
        assert report(tmp_path, "first")["cards"] != report(tmp_path, "second")["cards"]
    finally:
        first.kill()
        first.wait()


def test_a_killed_job_gives_its_card_back(tmp_path):
    killed = start(tmp_path, "killed", 1, 600, cards="5")
    wait_for(tmp_path / "killed.json")
    waiting = start(tmp_path, "waiting", 1, 0, cards="5")
    time.sleep(0.5)
    assert waiting.poll() is None and not (tmp_path / "waiting.json").exists()
    killed.kill()
    assert killed.wait() == -signal.SIGKILL
    assert waiting.wait(timeout=60) == 0
    assert report(tmp_path, "waiting")["cards"] == ["5"]


def test_more_cards_than_there_are(tmp_path, monkeypatch):
    monkeypatch.setenv(GPUS, "0,1")
    monkeypatch.setenv(LOCK_FOLDER, str(tmp_path))
    with pytest.raises(UserError, match="3 devices were asked for, but the workflow has 2 GPUs"):
        hold_gpus(3)


def test_locks_that_cannot_be_opened(tmp_path, monkeypatch):
    (tmp_path / "queue.lock").symlink_to(tmp_path / "elsewhere")
    monkeypatch.setenv(GPUS, "0")
    monkeypatch.setenv(LOCK_FOLDER, str(tmp_path))
    with pytest.raises(UserError, match=f"queue.lock, cannot be opened .*; set {LOCK_FOLDER}"):
        hold_gpus(1)
    assert not (tmp_path / "elsewhere").exists()


def test_nothing_is_chosen_where_nobody_asked(monkeypatch):
    monkeypatch.delenv(GPUS, raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    hold_gpus(2)
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


@pytest.mark.parametrize(
    ("name", "file", "visible", "words"),
    [
        ("auto", "", None, ""),
        ("cpu", "", "", ""),
        ("cuda", "nvidia0", None, ""),
        ("cuda:1", "dxg", "0,1", ""),
        ("cuda", "", None, "this machine has no GPU; use auto or cpu"),
        ("cuda:9", "null", None, "this machine has no GPU; use auto or cpu"),
        (
            "cuda",
            "nvidia0",
            "",
            "CUDA_VISIBLE_DEVICES hides all GPUs; unset it, or use auto or cpu",
        ),
        (
            "cuda",
            "nvidia0",
            "-1",
            "CUDA_VISIBLE_DEVICES hides all GPUs; unset it, or use auto or cpu",
        ),
    ],
)
def test_a_gpu_that_is_not_there_is_known_without_pytorch(
    tmp_path, monkeypatch, name, file, visible, words
):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    if file:
        (tmp_path / file).touch()
    assert refusal_of_device(name, tmp_path) == words
