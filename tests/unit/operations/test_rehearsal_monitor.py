"""Memory of real processes, by the step that they belong to."""

import subprocess
import sys

import pytest

from sonar_sign.operations.rehearsal_monitor import measure, step_of, watching

MB = 10**6
# A program called as a job's is: it takes 80 MB, and its child as much again.
JOB = """#!{python}
import subprocess, sys
held = bytearray(80_000_000)
held[::4096] = b"x" * len(held[::4096])
child = "held = bytearray(80_000_000); held[::4096] = b'x' * len(held[::4096]); print(); input()"
subprocess.run([sys.executable, "-c", child])
"""


@pytest.mark.parametrize(
    ("words", "step"),
    [
        ("python /venv/bin/sonar-sign train_joint --training joint.seed2", "train joint.seed2"),
        ("sonar-sign predict --system zero_shot --seed 1", "predict zero_shot"),
        ("sonar-sign extract --output results/x/features/stage1/val/0000.npy", "extract stage1"),
        ("sonar-sign crop --shard a.tsv", "crop"),
        ("python -m snakemake", None),
        ("bash -c sonar-sign-like", None),
        ("sonar-sign", None),
    ],
)
def test_the_step_of_a_command_line(words, step):
    assert step_of(words.split()) == step


@pytest.fixture
def job(tmp_path):
    """A shell that runs a job with a child."""
    program = tmp_path / "sonar-sign"
    program.write_text(JOB.format(python=sys.executable))
    program.chmod(0o755)
    process = subprocess.Popen(
        ["sh", "-c", f"{program} train_sign_encoder --training stage2; true"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout.readline() == b"\n"
    yield process
    process.communicate()


def test_a_job_is_counted_with_its_children(job):
    jobs, everything = measure(job.pid)
    ((_, step), memory), *others = jobs.items()
    assert step == "train stage2" and others == []
    assert 160 * MB < memory.private <= memory.total <= everything < 400 * MB


def test_peaks_outlive_the_job(job):
    with watching(job.pid) as peaks:
        while not peaks.steps:
            pass
        job.communicate()
    assert 160 * MB < peaks.private["train stage2"] <= peaks.steps["train stage2"]
    assert peaks.together >= peaks.steps["train stage2"]


def test_a_process_that_has_ended_is_nothing():
    process = subprocess.Popen(["true"])
    process.wait()
    assert measure(process.pid) == ({}, 0)
