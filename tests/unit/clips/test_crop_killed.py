"""A `crop` that is killed leaves nothing that could be taken for a shard."""

import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest
from shard_tables import shard_row, write_shard
from small_files import numbered, write_video

from sonar_sign.clips.clip_shards import ClipShard

pytestmark = pytest.mark.slow

MOMENTS = (0.0, 0.01, 0.3, 0.6, 0.9)
"""Shares of the shard that are written when crop is killed; the first is before it starts."""


def command(folder):
    return [
        *(sys.executable, "-m", "sonar_sign", "crop", "--corpus-type", "how2sign"),
        *("--shard", folder / "0000.tsv", "--root", folder, "--output", folder / "0000.tar"),
        *(
            "--timings",
            folder / "times.json",
            "--faces",
            folder / "faces",
            "--size",
            "64",
            "--frames-probed",
            "2",
        ),
    ]


def wait_until_written(folder, n_bytes, process):
    """Wait until the temporary file of the shard has this size, or the process ends."""
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(FileNotFoundError):  # renamed in this moment
            if sum(path.stat().st_size for path in folder.glob(".0000.*.tar")) >= n_bytes:
                return
        time.sleep(0.002)


def test_a_killed_crop_leaves_no_partial_shard(tmp_path):
    video = [numbered(n, 96, 96) for n in range(96)]
    rows = []
    for number in range(12):
        write_video(tmp_path / f"{number}.mp4", video)
        rows += [shard_row(f"{number}-{k}", f"{number}.mp4", str(k), 48) for k in (0, 1, 2)]
    write_shard(tmp_path / "0000.tsv", *rows)
    output = tmp_path / "0000.tar"
    subprocess.run(command(tmp_path), check=True, capture_output=True)
    whole = output.read_bytes()
    assert len(ClipShard(output).clip_ids) == 36

    killed = 0
    for moment in MOMENTS:
        output.unlink()
        with subprocess.Popen(
            command(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            wait_until_written(tmp_path, moment * len(whole), process)
            process.send_signal(signal.SIGKILL)
        killed += process.returncode == -signal.SIGKILL
        assert not output.exists() or output.read_bytes() == whole
        output.touch()
        for leftover in tmp_path.glob(".0000.*"):
            leftover.unlink()
    # On a busy machine one may end between two looks at it.
    assert killed >= len(MOMENTS) - 1
    subprocess.run(command(tmp_path), check=True, capture_output=True)
    assert output.read_bytes() == whole
