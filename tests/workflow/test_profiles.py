"""The profiles, by their short and their long names, without a batch system."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from workflow_project import REPOSITORY, SNAKEMAKE, merged

from sonar_sign.core.gpus import GPUS, LOCK_FOLDER
from sonar_sign.operations.machine import memory_bytes
from sonar_sign.operations.slurm import PROGRAMS

# Snakemake, which says of every job of a dry run what it asks for; rules with a message do not.
TELLING = """
import json, sys
from snakemake import cli, dag
stats = dag.DAG.stats
def tell(self):
    jobs = {j.rule.name: {**j.resources, "threads": j.threads} for j in self.needrun_jobs()}
    print("ASKED", json.dumps(jobs, default=str))
    return stats(self)
dag.DAG.stats = tell
cli.main(sys.argv[1:])
"""


def snakemake(project, *arguments, program=(SNAKEMAKE,), **variables):
    """Run from the clone's own folder, as its user would."""
    command = [*program, "--directory", project.folder]
    command += ["--configfile", project.folder / "config.yaml", *arguments]
    return subprocess.run(
        [str(word) for word in command],
        cwd=REPOSITORY,
        env={**os.environ, "NO_COLOR": "1", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def asked(project, *arguments):
    """What the jobs of a dry run ask for: rule, then resource, then value."""
    telling = (sys.executable, "-c", TELLING)
    done = snakemake(project, "--dry-run", *arguments, program=telling)
    assert done.returncode == 0, done.stdout
    line = next(line for line in done.stdout.splitlines() if line.startswith("ASKED "))
    jobs = json.loads(line.removeprefix("ASKED "))
    jobs.pop("all")
    return jobs


def told(done):
    """The lines of a run that are ours, and what Snakemake says of the machine."""
    lines = [line for line in done.stdout.splitlines() if line.startswith("sonar-sign: ")]
    provided = [line for line in done.stdout.splitlines() if line.startswith("Provided resources")]
    return lines, provided


MANIFEST = "results/demo/manifests/val.tsv"


@pytest.mark.slow
@pytest.mark.long
def test_a_job_that_needs_more_memory_than_there_is_is_told_and_runs_alone(project):
    (project.folder / MANIFEST).unlink()
    rows = {"prepare": {"mem_mb": 9_000_000, "runtime": 1}}
    project.write_config(merged(project.config, {"cluster": {"rules": rows}}))
    done = snakemake(project, "--cores", "2", "--", MANIFEST)
    assert done.returncode == 0, done.stdout
    lines, (provided,) = told(done)
    assert len(lines) == 1
    assert lines[0].startswith("sonar-sign: prepare needs 9000 GB of memory, this machine has ")
    assert str(memory_bytes() // 10**6) in provided


def scores_at_a_time(project, *arguments):
    """The most jobs that Snakemake starts together, of three that score systems."""
    for path in (project.folder / "results/demo/metrics").iterdir():
        path.unlink()
    scores = [f"results/demo/metrics/{name}.json" for name in ("zero_shot", "stage1", "finetuned")]
    done = snakemake(project, "--cores", "3", *arguments, "--", *scores)
    assert done.returncode == 0, done.stdout
    return max(map(int, re.findall(r"^Execute (\d+) jobs", done.stdout, re.MULTILINE)))


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("profile", [(), ("--profile", "profiles/workstation")])
def test_jobs_that_need_more_memory_together_than_there_is_wait(project, profile):
    share = memory_bytes() * 6 // 10**7
    rows = {"evaluate": {"mem_mb": share, "runtime": 1}}
    project.write_config(merged(project.config, {"cluster": {"rules": rows}}))
    assert scores_at_a_time(project, *profile) == 1
    assert scores_at_a_time(project, *profile, "--resources", f"mem_mb={10 * share}") == 3


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("profile", ["slurm", "profiles/slurm"])
def test_every_job_asks_for_memory_time_cores_and_gpus(empty, profile):
    empty.write_config(merged(empty.config, {"cluster": {"gpu_partition": "a100", "account": "x"}}))
    jobs = asked(empty, "--profile", profile)
    assert {"extract", "train", "predict", "compare"} <= set(jobs)
    on_gpus = {"extract", "train"}
    for rule, resources in jobs.items():
        assert resources["mem_mb"] > 0 and resources["runtime"] > 0, rule
        assert resources["nodes"] == 1 and resources["slurm_account"] == "x"
        assert not {"tasks", "ntasks", "tasks_per_gpu"} & set(resources)
        assert resources["gpu"] == (rule in on_gpus), rule
        assert resources.get("slurm_partition") == ("a100" if rule in on_gpus else None)
    assert jobs["extract"]["cpus_per_task"] == jobs["extract"]["threads"] == 1


@pytest.mark.slow
@pytest.mark.long
def test_cores_of_the_table_are_for_batch_systems(empty):
    assert asked(empty, "--cores", "16")["predict"]["threads"] == 1


def links_to_everything_but_slurm(folder):
    folder.mkdir()
    for place in ("/usr/bin", "/bin", "/usr/local/bin"):
        for path in Path(place).iterdir():
            link = folder / path.name
            if path.name not in (*PROGRAMS, "sacct") and not link.is_symlink():
                link.symlink_to(path)
    return folder


def test_without_slurm_one_sentence_says_so_before_anything_waits(empty, tmp_path_factory):
    path = links_to_everything_but_slurm(tmp_path_factory.mktemp("path") / "bin")
    started = time.monotonic()
    done = snakemake(empty, "--profile", "slurm", PATH=str(path))
    told = [line for line in done.stdout.splitlines() if line.startswith("sonar-sign: ")]
    assert done.returncode == 1
    assert len(told) == 1 and "sbatch is not on the PATH" in told[0], done.stdout
    assert "Traceback" not in done.stdout
    assert time.monotonic() - started < 120
    assert not (empty.folder / "results").exists()
    # The folder is not left locked.
    assert snakemake(empty, "--profile", "slurm", PATH=str(path)).stdout.count("sonar-sign: ") == 1


def test_a_rule_that_is_not_there_is_told(empty):
    row = {"mem_mb": 1, "runtime": 1}
    empty.write_config(merged(empty.config, {"cluster": {"rules": {"extrct": row}}}))
    done = snakemake(empty, "--cores", "1", "--dry-run")
    assert done.returncode == 1
    assert "cluster.rules.extrct is not a rule; did you mean extract" in done.stdout


@pytest.mark.slow
@pytest.mark.long
def test_on_a_workstation_what_uses_a_card_is_counted(empty):
    jobs = asked(empty, "--profile", "profiles/workstation", "--resources", "gpu=3")
    using = {rule for rule, resources in jobs.items() if resources["gpu"]}
    assert {"extract", "embed_text", "train", "predict"} <= using
    assert not {"crop", "prepare", "evaluate", "compare"} & using


# Takes a card and keeps it until its standard input is closed.
HOLDER = (
    "from sonar_sign.core.gpus import hold_gpus; hold_gpus(1); print('held', flush=True); input()"
)


@pytest.mark.slow
@pytest.mark.long
def test_on_a_workstation_a_job_takes_a_card_that_nobody_has(project, tmp_path):
    variables = {GPUS: "0,1", LOCK_FOLDER: str(tmp_path / "locks")}
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        env={**os.environ, **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout.readline() == "held\n"
        del variables[GPUS]  # jobs are told by the workflow
        arguments = (
            "--profile",
            "profiles/workstation",
            "--cores",
            "1",
            "--resources",
            "gpu=2",
            "--",
        )
        features = "results/demo/features/stage1/test/0000.npy"
        (project.folder / features).unlink()
        done = snakemake(project, *arguments, features, **variables)
        assert done.returncode == 0, done.stdout
        assert (project.folder / features).exists()
    finally:
        holder.communicate("\n")
    taken = {path.name for path in (tmp_path / "locks").iterdir()}
    assert taken == {"queue.lock", "gpu0.lock", "gpu1.lock"}


@pytest.mark.slow
@pytest.mark.long
def test_what_jobs_ask_for_makes_nothing_stale(project):
    changes = {"extract": {"batch_units": 32}, "cluster": {"others": {"mem_mb": 1, "runtime": 1}}}
    project.write_config(merged(project.config, changes))
    assert project.dry_run() == {}
