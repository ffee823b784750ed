"""A disk that gets full under every rule, recovered as docs/faults.md says, and compared.

    python benchmarks/disk.py --folder FOLDER --trials 2

As root, because it mounts a tmpfs. FOLDER gets the undisturbed run of `benchmarks/faults.py`, or
has it. For every rule, `--trials` times: a copy of that run on a tmpfs, in which the outputs of one
job of the rule are deleted and all space but a little is filled; how much is left is drawn, between
nothing and what the job writes. The job is asked for by name. Then
the space is freed and the same command runs again.

What must hold: the first command fails or ends well; an output is then absent or as before, and
nothing else has changed; the second command makes the same files. A line per trial, then a table
for docs/faults.md, which also counts how often the failed command said why: where no space at all
is left, a step cannot write its log either. Jobs are forks of a process that has imported their
packages (`tests/support/preloaded.py`), so that a trial takes seconds.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import faults
from finished_run import Job, changes, content, delete, jobs_by_rule

sys.path.insert(0, str(faults.ROOT / "tests/support"))
import preloaded  # noqa: E402

SIZE = "1g"
FILLER = "filler"
# What Snakemake and a step write beside the outputs: locks, records, logs.
RECORDS = 48 << 10
# What is said of a full disk by our steps, and by Python in Snakemake.
SENTENCES = ("the disk is full", "No space left on device")


@dataclass(frozen=True)
class Trial:
    """What became of one job on a full disk."""

    rule: str
    free: int
    """Bytes that were left."""
    failed: bool
    """The first command did not end well."""
    said: bool
    """It said why: not even a log can be written where no space at all is left."""
    problems: tuple[str, ...]
    """What does not hold of what must."""


def command(folder: Path, *arguments: str) -> list[str]:
    _, *words = faults.command(folder, *arguments)
    return [str(preloaded.commands() / "snakemake"), *words]


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit status and all that was said."""
    done = subprocess.run(
        command(folder, *arguments),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    return done.returncode, done.stdout


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A tmpfs in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    subprocess.run(mount, check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path, free: int) -> Path:
    """Fill a disk but for some bytes."""
    path = disk / FILLER
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - free)
    return path


def attempt(whole: Path, disk: Path, job: Job, rng: random.Random) -> Trial:
    """One trial on an empty disk."""
    project = disk / "project"
    shutil.copytree(whole, project, symlinks=True)
    before = content(project)
    size = delete(project, job)
    free = rng.randrange(size + RECORDS)
    filler = fill(disk, free)
    target = job.outputs[0]
    code, said_first = run(project, target)
    # The demo's videos are no declared outputs: the job that draws them begins anew.
    problems = changes(before, content(project), (*job.outputs, "resources/demo/"))
    filler.unlink()
    run(project, "--unlock")
    again, said = run(project, target)
    if again:
        problems.append(f"not recovered: {said[-300:]}")
    problems += [f"other than before: {p}" for p in faults.differing(before, content(project))]
    told = any(sentence in said_first for sentence in SENTENCES)
    return Trial(job.rule, free, bool(code), told, tuple(problems))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--trials", type=int, default=2, help="Per rule.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rules", nargs="*", default=[], help="Only these.")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    whole = options.folder / "undisturbed"
    if not (whole / faults.TARGET).is_file():
        faults.undisturbed(whole)
    jobs = jobs_by_rule(whole, faults.TARGET)
    trials = []
    for rule in options.rules or jobs:
        for _ in range(options.trials):
            with small_disk(options.folder / "disk") as disk:
                trial = attempt(whole, disk, rng.choice(jobs[rule]), rng)
            trials.append(trial)
            how = "failed and recovered" if trial.failed else "ended well"
            print(f"{rule}, {trial.free >> 10} KB free: {how} {trial.problems or ''}", flush=True)
    print(table(trials))
    sys.exit(any(trial.problems for trial in trials))


def table(trials: Sequence[Trial]) -> str:
    lines = [
        "",
        "| rule | trials | failed | said why | as it must be |",
        "|---|---:|---:|---:|---:|",
    ]
    for rule in dict.fromkeys(trial.rule for trial in trials):
        of_rule = [trial for trial in trials if trial.rule == rule]
        failed = sum(trial.failed for trial in of_rule)
        said = sum(trial.failed and trial.said for trial in of_rule)
        good = sum(not trial.problems for trial in of_rule)
        lines.append(f"| `{rule}` | {len(of_rule)} | {failed} | {said} | {good} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
