"""Training in processes of its own: killed, asked to end, run twice, short of memory."""

import os
import resource
import signal
import subprocess
import time
from functools import partial

import pandas as pd
import pytest
from training_command import command, finish, run, training_files


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return training_files(tmp_path_factory.mktemp("training"))


def start(folder, out, **settings):
    out.mkdir(exist_ok=True)
    log = (out / "log.txt").open("a")
    return subprocess.Popen(command(folder, out, **settings), stdout=log, stderr=log)


def wait_for(condition, process, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "it ended too early"
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.01)


def mtime(path):
    return path.stat().st_mtime_ns if path.exists() else 0


def is_newer(path, mtime_ns):
    return mtime(path) > mtime_ns


def curves_of(out):
    return out.glob("training/curves*/metrics.csv")


@pytest.fixture(scope="module")
def whole(folder):
    """A run that nobody disturbs."""
    finish(folder, folder / "whole", save_every=0)
    return folder / "whole"


def assert_same(whole, out):
    assert (out / "best.pt").read_bytes() == (whole / "best.pt").read_bytes()
    assert (out / "curves.csv").read_bytes() == (whole / "curves.csv").read_bytes()
    steps = [pd.read_csv(path / "timings.csv")["step"].tolist() for path in (whole, out)]
    assert steps[0] == steps[1]


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("settings", [{}, {"num_workers": 1}, {"gradient_accumulation_steps": 2}])
def test_after_sigkill_the_same_command_ends_as_an_undisturbed_one(folder, tmp_path, settings):
    finish(folder, tmp_path / "whole", **settings)
    out = tmp_path / "killed"
    last = out / "training/last.ckpt"
    for _ in range(2):
        process = start(folder, out, **settings)
        for _ in range(3):  # steps; each is saved
            saved = mtime(last)
            wait_for(partial(is_newer, last, saved), process)
        # A step's curves are written just after its state: killed between, a run lacks that row.
        wait_for(lambda: any(is_newer(path, mtime(last)) for path in curves_of(out)), process)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert not (out / "best.pt").exists()
    finish(folder, out, **settings)
    assert_same(tmp_path / "whole", out)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_saves_and_ends_with_a_status_to_retry(folder, whole, tmp_path, number):
    out = tmp_path / "out"
    # Only the signal saves within an epoch.
    process = start(folder, out, save_every=0)
    wait_for(lambda: (out / "training/last.ckpt").exists(), process)
    process.send_signal(number)
    assert process.wait() == os.EX_TEMPFAIL
    (told,) = [x for x in (out / "log.txt").read_text().splitlines() if "sonar-sign: " in x]
    assert signal.Signals(number).name in told and "the same command resumes" in told
    assert not (out / "training/lock.json").exists()
    finish(folder, out, save_every=0)
    assert_same(whole, out)


@pytest.mark.slow
@pytest.mark.long
def test_the_second_trainer_of_a_folder_refuses(folder, whole, tmp_path):
    out = tmp_path / "out"
    first = start(folder, out, epochs=500)
    lock = out / "training/lock.json"
    wait_for(lock.exists, first)
    second = run(folder, out, epochs=500)
    assert second.returncode == 2
    assert f"is in use by process {first.pid}" in second.stderr
    # The lock of a dead process is taken over.
    first.kill()
    first.wait()
    assert lock.exists()
    finish(folder, out, save_every=0)
    assert_same(whole, out)


def test_a_lock_of_another_machine_is_respected(folder, tmp_path):
    lock = tmp_path / "training/lock.json"
    lock.parent.mkdir()
    lock.write_text('{"host": "elsewhere", "pid": 1, "started": "5", "slurm_job": null}')
    done = run(folder, tmp_path)
    assert done.returncode == 2
    assert "process 1 on elsewhere" in done.stderr and f"delete {lock}" in done.stderr
    assert lock.exists()


def short_of_memory():
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))


LIMIT = 10_000_000_000
# Clips this long need gigabytes in a batch of all of them, and little alone.
LONG = {"epochs": 1, "batch_size": 32, "eval_every": 1}


@pytest.fixture(scope="module")
def long_clips(folder):
    import numpy as np

    from sonar_sign.features.feature_shards import write_features

    ids = [f"c{n:02d}" for n in range(32)]
    rng = np.random.default_rng(0)
    features = {clip_id: rng.standard_normal((2000, 64)).astype(np.float16) for clip_id in ids}
    write_features(folder / "long.npy", features, 64, "x")
    write_features(folder / "short.npy", {c: f[:9] for c, f in features.items()}, 64, "x")
    return {"train-features": folder / "long.npy", "val-features": folder / "short.npy", **LONG}


@pytest.mark.slow
@pytest.mark.long
def test_out_of_memory_names_the_settings(folder, long_clips, tmp_path):
    done = subprocess.run(
        command(folder, tmp_path, **long_clips),
        capture_output=True, text=True, preexec_fn=short_of_memory,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "Memory does not suffice for 32 clips" in done.stderr
    for setting in ("batch_size", "gradient_accumulation_steps", "gradient_checkpointing"):
        assert setting in done.stderr


@pytest.mark.slow
@pytest.mark.long
def test_batch_size_auto_takes_what_fits_and_keeps_the_step(folder, long_clips, tmp_path):
    settings = long_clips | {"batch_size": "auto", "effective_batch": 32}
    done = subprocess.run(
        command(folder, tmp_path, **settings),
        capture_output=True, text=True, preexec_fn=short_of_memory,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (chosen,) = [line for line in done.stdout.splitlines() if line.startswith("batch_size auto")]
    clips, batches = (int(word) for word in chosen.split() if word.isdigit())
    assert clips * batches == 32 and 1 <= clips < 32
    # Still one step of all clips.
    assert len(pd.read_csv(tmp_path / "curves.csv")["train/gradient_norm"].dropna()) == 1
