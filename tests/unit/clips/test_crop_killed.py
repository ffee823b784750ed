"""A `crop` that is killed leaves nothing that could be taken for a shard."""

import signal
import subprocess
import sys
import time

import pytest
from shard_tables import shard_row, write_shard
from small_files import numbered, write_video

from sonar_sign.clips.clip_shards import ClipShard

pytestmark = pytest.mark.slow

MOMENTS = (0.15, 0.5, 0.7, 0.85, 0.95)
"""Shares of an undisturbed run's time; the first is before anything is read."""


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


def test_a_killed_crop_leaves_no_partial_shard(tmp_path):
    video = [numbered(n, 96, 96) for n in range(96)]
    rows = []
    for number in range(12):
        write_video(tmp_path / f"{number}.mp4", video)
        rows += [shard_row(f"{number}-{k}", f"{number}.mp4", str(k), 48) for k in (0, 1, 2)]
    write_shard(tmp_path / "0000.tsv", *rows)
    output = tmp_path / "0000.tar"
    started = time.monotonic()
    subprocess.run(command(tmp_path), check=True, capture_output=True)
    seconds, whole = time.monotonic() - started, output.read_bytes()
    assert len(ClipShard(output).clip_ids) == 36

    killed = 0
    for moment in MOMENTS:
        output.unlink()
        with subprocess.Popen(
            command(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            time.sleep(moment * seconds)
            process.send_signal(signal.SIGKILL)
        killed += process.returncode == -signal.SIGKILL
        assert not output.exists() or output.read_bytes() == whole
        output.touch()
    assert killed >= len(MOMENTS) - 2
    subprocess.run(command(tmp_path), check=True, capture_output=True)
    assert output.read_bytes() == whole
