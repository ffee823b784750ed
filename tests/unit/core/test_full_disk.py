"""Disks that refuse: a full one and a read-only one, as small file systems in memory."""

import os
import subprocess
import sys

import pytest
from small_files import write_manifest

from sonar_sign.core.tables import read_columns

IDS = [f"clip{number:05d}" for number in range(4000)]


@pytest.fixture
def disk(tmp_path):
    """A file system of 256 KiB; only root can mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def shard(manifest, output):
    command = [sys.executable, "-m", "sonar_sign", "shard"]
    return subprocess.run(
        [*command, "--manifest", str(manifest), "--output", str(output)],
        capture_output=True, text=True,
    )  # fmt: skip


@pytest.fixture
def manifest(tmp_path):
    path = write_manifest(tmp_path / "manifest.tsv", IDS)
    header, *lines = path.read_text().splitlines()
    more = "\tsource\tstart_s\tend_s\tn_frames\tfps"
    rows = [f"{line}\tvideo.mp4\t0.0\t1.0\t24\t24.0" for line in lines]
    path.write_text("\n".join([header + more, *rows]) + "\n")
    return path


def test_a_full_disk_is_said_and_leaves_nothing_half_written(disk, manifest):
    (disk / "other").write_bytes(bytes(150_000))
    output = disk / "shards/0000.tsv"
    done = shard(manifest, output)
    assert done.returncode == 2
    assert "the disk is full" in done.stderr and "the same command again" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert os.listdir(output.parent) == []
    # What the message says.
    (disk / "other").unlink()
    assert shard(manifest, output).returncode == 0
    assert read_columns(output, ("clip_id",))["clip_id"] == IDS


def test_a_read_only_disk_is_said(disk, manifest):
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    done = shard(manifest, disk / "0000.tsv")
    assert done.returncode == 2 and "the file system is read-only" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    assert shard(manifest, disk / "0000.tsv").returncode == 0
