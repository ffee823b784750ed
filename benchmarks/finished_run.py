"""What a finished run of the workflow consists of: its jobs, and the content of its files."""

import csv
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import faults

from sonar_sign.core.files import sha256_of

# Records of how a run went, which differ between runs that made the same.
RECORDS = {"logs", "benchmarks", "training"}
# Rules that only gather.
LEFT_OUT = {"all"}


@dataclass(frozen=True)
class Job:
    """One job of a finished run."""

    rule: str
    outputs: tuple[str, ...]
    """Files and folders, relative to the project."""


def jobs_by_rule(folder: Path, *targets: str) -> dict[str, list[Job]]:
    """All jobs that made the targets and what they are made of; of the whole workflow without."""
    done = subprocess.run(
        faults.command(folder, "--detailed-summary", *targets),
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    outputs = defaultdict(list)
    for row in csv.DictReader(done.stdout.splitlines(), delimiter="\t"):
        if row["rule"] not in LEFT_OUT and (folder / row["output_file"]).exists():
            outputs[row["rule"], row["log-file(s)"]].append(row["output_file"])
    found = defaultdict(list)
    for (rule, _), names in outputs.items():
        found[rule].append(Job(rule, tuple(names)))
    return dict(sorted(found.items()))


def delete(folder: Path, job: Job) -> int:
    """Delete what a job made; returns how many bytes that were."""
    size = 0
    for name in job.outputs:
        path = folder / name
        files = path.rglob("*") if path.is_dir() else [path]
        size += sum(one.stat().st_size for one in files if one.is_file())
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return size


def content(folder: Path) -> dict[str, str]:
    """Hashes of all results and models by path, but of those that hold measured times."""
    found = {}
    for top in ("results", "resources"):
        for path in sorted((folder / top).rglob("*")):
            parts = path.relative_to(folder).parts
            hidden = any(part.startswith(".") for part in parts)
            if path.is_file() and not hidden and not RECORDS & {*parts} and not _timed(path):
                found["/".join(parts)] = sha256_of(path)
    # What is compared more closely there.
    made = tuple(f"results/demo/{name}/" for name in faults.MADE)
    return {k: v for k, v in found.items() if not k.startswith(made)} | faults.digests(folder)


def _timed(path: Path) -> bool:
    name = path.name
    return name.startswith("events.out.") or "timings" in name


def changes(before: dict[str, str], after: dict[str, str], spared: Sequence[str]) -> list[str]:
    """Files that are other than before, or gone although they are not among those spared."""
    other = [f"differs: {path}" for path in sorted(after) if after[path] != before.get(path)]
    gone = sorted(before.keys() - after.keys())
    return other + [f"gone: {path}" for path in gone if not path.startswith(tuple(spared))]
