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

WRITTEN = (0, 0.01, 0.3, 0.6, 0.9)
"""Shares of the shard that a run has written when it is killed."""
HIDDEN = ".0000.*.tar"


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
    for number in range(6):
        write_video(tmp_path / f"{number}.mp4", video)
        rows += [shard_row(f"{number}-{k}", f"{number}.mp4", str(k), 48) for k in (0, 1, 2)]
    write_shard(tmp_path / "0000.tsv", *rows)
    output = tmp_path / "0000.tar"
    subprocess.run(command(tmp_path), check=True, capture_output=True)
    whole = output.read_bytes()
    assert len(ClipShard(output).clip_ids) == 18

    for share in WRITTEN:
        output.unlink()
        with subprocess.Popen(
            command(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            while bytes_of_temporary(tmp_path) < share * len(whole):
                assert process.poll() is None
                time.sleep(0.001)
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        assert not output.exists()
        for temporary in tmp_path.glob(HIDDEN):
            temporary.unlink()
        output.touch()
    subprocess.run(command(tmp_path), check=True, capture_output=True)
    assert output.read_bytes() == whole


def bytes_of_temporary(folder):
    return sum(path.stat().st_size for path in folder.glob(HIDDEN))
