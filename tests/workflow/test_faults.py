"""Killed, damaged and misled: what docs/faults.md says to do gives the results of a quiet run."""

import os
import random
import shlex
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from workflow_project import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "benchmarks"))
import faults  # noqa: E402  (the script of many such runs)

pytestmark = [pytest.mark.slow, pytest.mark.long]

STAGE_2 = "results/demo/checkpoints/stage2/best.pt"
METRICS = "results/demo/metrics/finetuned.json"
SHARD = "results/demo/features/stage1/train/0000.npy"
TAR = "results/demo/clips/train/0000.tar"


@pytest.fixture(scope="module")
def expected(finished):
    return faults.digests(finished.folder)


def assert_same(expected, project, *needed):
    """All that is there is as in the quiet run, and what is needed is there."""
    found = faults.digests(project.folder)
    assert set(needed) <= found.keys()
    assert {path: found[path] for path in found if found[path] != expected.get(path)} == {}


def doctor(project):
    """What doctor says of a project, and the commands that it proposes."""
    config = ["--config", str(project.folder / "config.yaml")]
    done = subprocess.run(
        [sys.executable, "-m", "sonar_sign", "doctor", *config, "--folder", str(project.folder)],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
    )
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    return done, [line.removeprefix("  try: ") for line in lines if line.startswith("  try: ")]


def follow(project, remedy):
    """Do what doctor proposes, with the calls of Snakemake made for this project."""
    call = [
        *[str(faults.SNAKEMAKE), "--snakefile", str(REPOSITORY / "Snakefile")],
        *["--directory", str(project.folder)],
    ]
    *others, last = remedy.split(" && ")
    # The whole run is more than these tests compare.
    commands = [*others, last.replace("snakemake ", f"snakemake {METRICS} ")]
    commands = [command.replace("snakemake ", f"{shlex.join(call)} ", 1) for command in commands]
    done = subprocess.run(
        " && ".join(commands), shell=True, cwd=project.folder, capture_output=True, text=True
    )
    assert done.returncode == 0, remedy + done.stdout + done.stderr


@pytest.mark.parametrize(("way", "seed"), [("snakemake", 1), ("job", 2), ("all", 3)])
def test_killed_at_a_random_moment(finished, expected, tmp_path, way, seed):
    rng = random.Random(seed)
    folder = faults.copy_to("features", finished.folder, tmp_path / "killed")
    _, calls = faults.disturb(folder, way, [(rng.randrange(3), rng.uniform(0, 8))], rng)
    assert calls > 0, (folder / "said.txt").read_text()[-3000:]
    project = type(finished)(folder, finished.config)
    assert_same(expected, project, METRICS, "results/demo/checkpoints/stage2/best.pt")


def test_nan_in_a_feature_shard(project, expected):
    path = project.folder / SHARD
    features = np.load(path)
    features[1] = np.nan
    np.save(path, features)
    run = project.run(METRICS, "--forcerun", STAGE_2)
    assert run.code != 0 and "holds NaN or infinite features of clip" in run.output
    done, remedies = doctor(project)
    assert done.returncode == 1 and "holds NaN" in done.stdout
    (remedy,) = [command for command in remedies if SHARD in command]
    follow(project, remedy)
    assert_same(expected, project, SHARD, METRICS)


def test_a_clip_shard_that_was_cut_off(project, expected):
    path = project.folder / TAR
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    run = project.run(METRICS)
    assert run.code != 0 and "delete it and crop it again" in run.output
    done, remedies = doctor(project)
    assert done.returncode == 1 and "Clip shard" in done.stdout
    (remedy,) = [command for command in remedies if TAR in command]
    follow(project, remedy)
    assert_same(expected, project, SHARD, METRICS)


@pytest.fixture
def disk(tmp_path):
    """A file system in memory; only root can mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_gets_full_in_training(finished, expected, disk):
    folder = faults.copy_to("features", finished.folder, disk / "project")
    project = type(finished)(folder, finished.config)
    filesystem = os.statvfs(disk)
    # Enough for Snakemake's own records and half of a checkpoint.
    free = filesystem.f_bavail * filesystem.f_frsize - 3_000_000
    (disk / "others").write_bytes(bytes(free))
    run = project.run(METRICS)
    assert run.code != 0
    said = (folder / "results/demo/logs/train/stage2.log").read_text()
    assert "the disk is full: free some space" in said and "Traceback" not in said
    (disk / "others").unlink()
    again = project.run(METRICS)
    assert again.code == 0, again.output
    assert_same(expected, project, METRICS)


def test_a_disk_that_cannot_be_written(finished, expected, disk):
    folder = faults.copy_to("features", finished.folder, disk / "project")
    project = type(finished)(folder, finished.config)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    run = project.run(METRICS)
    assert run.code != 0 and "Read-only file system" in run.output
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    again = project.run(METRICS)
    assert again.code == 0, again.output
    assert_same(expected, project, METRICS)


@pytest.fixture
def little_memory():
    """The file to which a process writes itself to get 400 MB of memory; only root can make one."""
    for root, limit in (
        ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
        ("/sys/fs/cgroup", "memory.max"),
    ):
        if not Path(root, "cgroup.procs").exists():
            continue
        group = Path(root, f"sonar-sign-test-{os.getpid()}")
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            (group / limit).write_text(str(400 * 2**20))
            yield group / "cgroup.procs"
            return
        except OSError:
            continue
        finally:
            group.rmdir()
    pytest.skip("no group of processes with little memory can be made here")


def test_a_job_that_the_kernel_kills_for_its_memory(finished, expected, tmp_path, little_memory):
    folder = faults.copy_to("features", finished.folder, tmp_path / "project")
    project = type(finished)(folder, finished.config)
    join = f'echo $$ > {little_memory} && exec "$@"'
    done = subprocess.run(
        ["sh", "-c", join, "sh", *faults.command(folder, METRICS)],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode != 0
    # Snakemake lives on and says which job it was.
    assert "Error in rule train" in done.stderr
    assert "non-zero exit status 137" in done.stderr
    again = project.run(METRICS)
    assert again.code == 0, again.output
    assert_same(expected, project, METRICS)


def test_two_workflows_in_one_folder(finished, expected, tmp_path):
    folder = faults.copy_to("features", finished.folder, tmp_path / "both")
    project = type(finished)(folder, finished.config)
    with (folder / "said.txt").open("w") as said:
        first = subprocess.Popen(
            faults.command(folder, METRICS), cwd=folder, stdout=said, stderr=said
        )
    while not list((folder / ".snakemake/locks").glob("*")):
        assert first.poll() is None
        time.sleep(0.1)
    second = project.run(METRICS)
    assert second.code != 0 and "Directory cannot be locked" in second.output
    assert first.wait() == 0
    assert_same(expected, project, METRICS)


def test_a_clock_that_jumps_back(project, expected):
    """Half of the results were made by a clock that was a day ahead."""
    ahead = time.time() + 86_400
    for path in (project.folder / "results/demo").rglob("*"):
        if path.is_file() and {"clips", "features", "targets"} & set(path.parts):
            os.utime(path, (ahead, ahead))
    done, remedies = doctor(project)
    assert done.returncode == 1 and "dated in the future" in done.stdout
    (remedy,) = [command for command in remedies if command.startswith("find ")]
    subprocess.run(remedy, shell=True, check=True, cwd=project.folder)
    run = project.run(METRICS)
    assert run.code == 0, run.output
    assert_same(expected, project, METRICS)
    assert project.dry_run(METRICS) == {}
