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
import csv
import os
import random
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import faults

from sonar_sign.core.files import sha256_of

sys.path.insert(0, str(faults.ROOT / "tests/support"))
import preloaded  # noqa: E402

SIZE = "1g"
FILLER = "filler"
# What Snakemake and a step write beside the outputs: locks, records, logs.
RECORDS = 48 << 10
# What is said of a full disk by our steps, and by Python in Snakemake.
SENTENCES = ("the disk is full", "No space left on device")
# Rules that only gather or delete.
LEFT_OUT = {"all"}


@dataclass(frozen=True)
class Job:
    """One job of the finished run."""

    rule: str
    outputs: tuple[str, ...]
    """Relative to the project."""


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


def jobs_of(folder: Path) -> list[Job]:
    """All jobs that made the target's ancestors."""
    done = subprocess.run(
        command(folder, "--detailed-summary", faults.TARGET),
        cwd=folder,
        capture_output=True,
        text=True,
    )
    by_log = defaultdict(list)
    for row in csv.DictReader(done.stdout.splitlines(), delimiter="\t"):
        if row["rule"] not in LEFT_OUT and (folder / row["output_file"]).exists():
            by_log[row["rule"], row["log-file(s)"]].append(row["output_file"])
    return [Job(rule, tuple(outputs)) for (rule, _), outputs in by_log.items()]


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


def content(project: Path) -> dict[str, str]:
    """Hashes of results, by path; those that hold times as `benchmarks/faults.py` compares them."""
    found = {}
    for folder in ("results", "resources"):
        for path in sorted((project / folder).rglob("*")):
            parts = path.relative_to(project).parts
            timed = path.name.startswith("events.out.") or path.name == "curves.csv"
            if path.is_file() and not timed and not {"logs", "benchmarks", "training"} & {*parts}:
                found["/".join(parts)] = sha256_of(path)
    compared = faults.digests(project)
    made = tuple(f"results/demo/{name}/" for name in faults.MADE)
    return {
        k: v for k, v in found.items() if not k.startswith(made) and "timings" not in k
    } | compared


def attempt(whole: Path, disk: Path, job: Job, rng: random.Random) -> Trial:
    """One trial on an empty disk."""
    project = disk / "project"
    shutil.copytree(whole, project, symlinks=True)
    before = content(project)
    size = 0
    for name in job.outputs:
        path = project / name
        if path.is_dir():
            size += sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
            shutil.rmtree(path)
        else:
            size += path.stat().st_size
            path.unlink()
    free = rng.randrange(size + RECORDS)
    filler = fill(disk, free)
    target = job.outputs[0]
    code, said_first = run(project, target)
    problems = []
    after = content(project)
    problems += [f"differs: {p}" for p in sorted(after) if after[p] != before.get(p)]
    # The demo's videos are no declared outputs: the job that draws them begins anew.
    mine = (*job.outputs, "resources/demo/")
    gone = {p for p in before if p not in after and not p.startswith(mine)}
    problems += [f"gone: {p}" for p in sorted(gone)]
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
    jobs = defaultdict(list)
    for job in jobs_of(whole):
        jobs[job.rule].append(job)
    trials = []
    for rule in options.rules or sorted(jobs):
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
