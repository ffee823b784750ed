"""One run of the tiny workflow through SLURM, with what befalls jobs on a cluster.

A job takes a while to come and go, so everything happens in two calls of Snakemake, and the tests
look at what they left. Before them everything up to the clips is built without SLURM.

The first call trains stage 1 and extracts: the training job is sent back into the queue when it has
done some epochs, and one of the extraction jobs is cancelled. The second call finishes: what was
cancelled is stopped until its time is up, and stage 2 trains with two processes in one task.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox import Sandbox
from workflow_project import REPOSITORY, Project, merged, tiny_config

# Snakemake, which asks SLURM every two seconds; else it waits ten seconds longer each time.
SNAKEMAKE = """
import asyncio, sys
from snakemake import cli
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
async def sleep(self):
    await asyncio.sleep(2)
RemoteExecutor.sleep = sleep
cli.main(sys.argv[1:])
"""
METRICS = "results/demo/metrics/finetuned.json"
N_EPOCHS = 40
CLUSTER = {
    "gpu_partition": "gpu",
    "gpu_model": "fake",
    "others": {"mem_mb": 1000, "runtime": 10},
    "trainings": {"stage2": {"gpus": 2}},
    "rules": {
        "extract": {"mem_mb": 2000, "runtime": 10},
        "train": {"gpus": 1, "mem_mb": 3000, "runtime": 20},
        "predict": {"cores": 2, "mem_mb": 2000, "runtime": 10},
    },
}
CONFIG = {
    "cluster": CLUSTER,
    "extract": {"batch_units": 128},
    "trainings": {
        # Long enough to be disturbed.
        "stage1": {"epochs": N_EPOCHS, "eval_every": N_EPOCHS, "num_workers": 0},
        "stage2": {"devices": 2, "strategy": "ddp", "batch_size": 4},
    },
}
CANCELLED = "demo_stage1_train_0001"
DEADLINE_S = 600


@dataclass
class Story:
    """What happened."""

    project: Project
    slurm: Sandbox
    outputs: list[str] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    after_first: set[str] = field(default_factory=set)
    """Feature files that the first call left."""
    seconds: list[float] = field(default_factory=list)

    def jobs(self, rule: str, call: int | None = None, training: str = "") -> list[dict[str, str]]:
        """What SLURM says of all jobs of a rule, in order of submission."""
        ids = self.slurm.ask("squeue", "-h", "--states=all", "--sort=i", "--format=%i|%k|%j")
        found = []
        for line in ids.splitlines():
            number, comment, name = line.split("|")
            named = comment == f"rule_{rule}" or comment.startswith(f"rule_{rule}_wildcards_")
            of_training = not training or comment.endswith(f"_{training}")
            if named and of_training and (call is None or name in self.outputs[call]):
                found.append(self.job(number))
        return found

    def job(self, number: str) -> dict[str, str]:
        text = self.slurm.ask("scontrol", "show", "job", number)
        return dict(re.findall(r"(?:^|\s)([A-Za-z:/]+)=(\S*)", text))


def tell(folder: Path, slurm: Sandbox) -> Story:
    """Run it all."""
    project = Project(folder, merged(tiny_config(), CONFIG))
    built = project.run(*_everything_before_training(project))
    assert built.code == 0, built.output
    story = Story(project, slurm)
    with Call(story, "--retries", "0") as call:
        _requeue_training(story, call)
        _cancel_an_extraction(story, call)
    features = folder / "results/demo/features/stage1"
    story.after_first = {str(p.relative_to(features)) for p in features.rglob("*.npy")}
    # Long enough for one job alone, and no longer.
    short = {"cluster": {"rules": {"extract": {"runtime": 1}}}}
    project.write_config(merged(project.config, short))
    with Call(story) as call:
        _let_time_run_out(story, call)
    return story


def _everything_before_training(project: Project) -> list[str]:
    results = "results/demo"
    return [
        "resources/models/demo/sign_encoder.pth",
        *[f"{results}/targets/{split}.npy" for split in ("train", "val", "test")],
        *[
            f"{results}/clips/{split}/{shard:04d}.tar"
            for split, n_shards in project.config["corpus"]["shards"].items()
            for shard in range(n_shards)
        ],
    ]


class Call:
    """`snakemake --profile slurm`, running beside the test."""

    def __init__(self, story: Story, *arguments: str):
        self.story, self.arguments = story, arguments
        self.log = story.project.folder / f"snakemake{len(story.outputs)}.log"

    def __enter__(self) -> "Call":
        self.started = time.monotonic()
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                snakemake_on_slurm(self.story.project, *self.arguments, METRICS),
                cwd=REPOSITORY,
                env=environment(self.story.slurm),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self

    def wait_for(self, what: Callable[[], Any]) -> Any:
        """The first thing that `what` finds."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            found = what()
            if found:
                return found
            assert self.process.poll() is None, f"it ended too early:\n{self.log.read_text()}"
            assert time.monotonic() < deadline, f"it took too long:\n{self.log.read_text()}"
            time.sleep(0.3)

    def __exit__(self, kind, error, trace) -> None:
        try:
            if kind is None:
                self.process.wait(timeout=DEADLINE_S)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
        self.story.seconds.append(time.monotonic() - self.started)
        self.story.outputs.append(self.log.read_text())
        self.story.codes.append(self.process.returncode)


def snakemake_on_slurm(project: Project, *arguments: str, config: str = "config.yaml") -> list[str]:
    command = [sys.executable, "-c", SNAKEMAKE, "--profile", "slurm", "--printshellcmds"]
    command += ["--directory", project.folder, "--configfile", project.folder / config]
    # The profile's pauses are for a cluster that others use too.
    command += ["--slurm-init-seconds-before-status-checks", "3", "--latency-wait", "5"]
    return [str(word) for word in (*command, *arguments)]


def environment(slurm: Sandbox) -> dict[str, str]:
    return {**os.environ, **slurm.environment, "HF_HUB_OFFLINE": "1", "NO_COLOR": "1"}


def _running(story: Story, rule: str, training: str = "") -> list[dict[str, str]]:
    return [job for job in story.jobs(rule, training=training) if job["JobState"] == "RUNNING"]


def _requeue_training(story: Story, call: Call) -> None:
    (job,) = call.wait_for(lambda: _running(story, "train", "stage1"))
    last = story.project.folder / "results/demo/training/stage1/last.ckpt"
    call.wait_for(last.exists)
    first = last.stat().st_mtime_ns
    call.wait_for(lambda: last.stat().st_mtime_ns != first)  # two epochs are done
    story.slurm.ask("scontrol", "requeue", job["JobId"])


def _cancel_an_extraction(story: Story, call: Call) -> None:
    def wanted():
        return [job for job in story.jobs("extract") if job["Comment"].endswith(CANCELLED)]

    (job,) = call.wait_for(wanted)
    story.slurm.ask("scancel", job["JobId"])


def _let_time_run_out(story: Story, call: Call) -> None:
    known = {job["JobId"] for job in story.jobs("extract")}

    def started():
        new = [job for job in _running(story, "extract") if job["JobId"] not in known]
        return [pid for job in new for pid in processes_of(job["JobId"], "sonar-sign extract")]

    for pid in call.wait_for(started):
        os.kill(pid, signal.SIGSTOP)


def processes_of(job: str, command: str) -> list[int]:
    """Processes of a SLURM job whose command line holds `command`, without shells and Snakemake."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            variables = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        # `python /path/to/sonar-sign extract ...`
        line = " ".join([Path(word).name for word in words[1:3]])
        if line == command and f"SLURM_JOB_ID={job}".encode() in variables:
            found.append(int(folder.name))
    return found
