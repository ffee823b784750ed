"""Every step in a group of processes with 1.2 times the memory that it is said to need.

    python benchmarks/memory.py --finished FOLDER
    python benchmarks/memory.py --mem-mb 4000 -- sonar-sign prepare --corpus-type how2sign ...

As root, because it makes a group of processes (cgroup v1 or v2). FOLDER holds a finished run of the
workflow (`resources/`, `results/`, `config.yaml`) and is only read. Of every rule the job with the
largest inputs runs again in a copy, by the command that Snakemake shows, under `--factor` times the
memory that the config's `cluster` gives its rule. The second form runs any command, for inputs
larger than a run has.

A line per rule: megabytes stated, the largest process's peak (resident), that of the group (with
the page cache, which the kernel takes back where it must), and whether the command ended well.
"""

import argparse
import csv
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faults
from campaign import DEFAULT, copy_of
from finished_run import LEFT_OUT

from sonar_sign.operations.config import load_config

BIN = Path(sys.executable).parent
MB = 1 << 20
# Folder of a hierarchy, file of the limit, file of the peak.
HIERARCHIES = (
    ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.max_usage_in_bytes"),
    ("/sys/fs/cgroup", "memory.max", "memory.peak"),
)


@dataclass(frozen=True)
class Peak:
    """What one command needed."""

    process_mb: float
    """Most resident memory of one process."""
    group_mb: float
    """Most memory of all processes together, files in the page cache included."""
    status: int
    """Exit status of the shell: 137 where the kernel ended it."""


@contextmanager
def group(limit_mb: float) -> Iterator[tuple[Path, str]]:
    """A group of processes with so much memory, and the name of the file with its peak."""
    here = [one for one in HIERARCHIES if Path(one[0], "cgroup.procs").exists()]
    folder = None
    for root, limit_file, peak_file in here:
        made = Path(root, f"sonar-sign-memory-{os.getpid()}")
        with suppress(OSError):
            made.mkdir()
            (made / limit_file).write_text(str(int(limit_mb * MB)))
            folder, peak = made, peak_file
            break
    if folder is None:
        sys.exit("No group of processes with limited memory can be made here; run it as root.")
    try:
        yield folder, peak
    finally:
        folder.rmdir()


def peak_of(command: str, folder: Path, limit_mb: float) -> Peak:
    """Run a shell's command in a folder."""
    variables = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    with group(limit_mb) as (where, peak):
        join = f"echo $$ > {where}/cgroup.procs\n{command}"
        process = subprocess.Popen(["bash", "-c", join], cwd=folder, env=variables)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        group_mb = int((where / peak).read_text()) / MB
    return Peak(usage.ru_maxrss / 1024, group_mb, process.returncode)


def largest_jobs(folder: Path, targets: Sequence[str]) -> dict[str, str]:
    """The command of every rule's job with the largest inputs."""
    done = subprocess.run(
        faults.command(folder, "--detailed-summary", *targets),
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    best: dict[str, tuple[int, str]] = {}
    for row in csv.DictReader(done.stdout.splitlines(), delimiter="\t"):
        inputs = [folder / name for name in (row["input-file(s)"] or "").split(",") if name]
        size = sum(path.stat().st_size for path in inputs if path.is_file())
        command = row["shellcmd"] or "-"
        if row["rule"] not in LEFT_OUT and command != "-":
            best[row["rule"]] = max(best.get(row["rule"], (-1, "")), (size, command))
    return {rule: command for rule, (_, command) in sorted(best.items())}


def stated_mb(rule: str, cluster: Mapping[str, Any]) -> int:
    """What a rule's jobs are given."""
    return cluster["rules"].get(rule, {}).get("mem_mb", cluster["others"]["mem_mb"])


def row_of(name: str, stated: float, factor: float, peak: Peak) -> str:
    how = "well" if peak.status == 0 else f"status {peak.status}"
    return (
        f"| {name} | {stated:.0f} | {factor * stated:.0f} | {peak.process_mb:.0f} "
        f"| {peak.group_mb:.0f} | {how} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--finished", type=Path)
    parser.add_argument("--config", type=Path, default=DEFAULT)
    parser.add_argument("--target", default="all")
    parser.add_argument("--rules", nargs="*", default=[], help="Only these.")
    parser.add_argument("--factor", type=float, default=1.2)
    parser.add_argument("--mem-mb", type=float, help="Of the command after --.")
    given = sys.argv[1:]
    at = given.index("--") if "--" in given else len(given)
    options, command = parser.parse_args(given[:at]), given[at + 1 :]
    print("| step | stated MB | limit MB | process MB | group MB | ended |")
    print("|---|---:|---:|---:|---:|---|")
    if command:
        peak = peak_of(shlex.join(command), Path.cwd(), options.factor * options.mem_mb)
        print(row_of(f"`{command[1]}`", options.mem_mb, options.factor, peak))
        sys.exit(peak.status)
    failed = 0
    with tempfile.TemporaryDirectory(dir=options.finished.parent) as work:
        project = copy_of(options.finished, Path(work) / "project", options.config)
        cluster = load_config([project / "config.yaml"]).values["cluster"]
        for rule, words in largest_jobs(project, [options.target]).items():
            if options.rules and rule not in options.rules:
                continue
            stated = stated_mb(rule, cluster)
            # As Snakemake begins a training: its outputs are gone, and what it resumes from.
            shutil.rmtree(project / "results/demo/training", ignore_errors=True)
            peak = peak_of(words, project, options.factor * stated)
            failed += peak.status != 0
            print(row_of(f"`{rule}`", stated, options.factor, peak), flush=True)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
