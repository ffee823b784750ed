"""A whole finished run, killed anywhere while a part of it is made again, and compared.

    python benchmarks/campaign.py --finished DEMO --folder FOLDER --runs 100 --seed 4711

DEMO is a folder in which a config's whole workflow was run to its end (`resources/`, `results/` and
`.snakemake/`); it is only read. `--config` is the config that it was run with, by default the demo
with all its systems. Every run is a copy of it in which one job's outputs are deleted: first a rule
is drawn and then one of its jobs, so that every rule is in turn what a run begins with. All that
depends on the job is made again, and this is killed once or twice by SIGKILL as in
`benchmarks/faults.py`, after a number of steps and some seconds that the seed draws. Then
`snakemake --unlock` and the same command, until it ends well. All results, models and reports are
compared byte by byte with DEMO, but for measured times.

With `--without RULE ...` the slowest rules are never what a run begins with (SONAR's stand-in
makes all else again). `--undisturbed N` runs come first in which nothing is killed: what differs
in these is no consequence of a kill, and is left out of the comparison after being named.
"""

import argparse
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import faults
from finished_run import Job, content, delete, jobs_by_rule

from sonar_sign.operations.config import as_yaml, load_config

DEFAULT = faults.ROOT / "config/config.yaml"
# These alone take longer than all that a run should.
SLOW = ("make_howto_corpus", "make_news_corpus", "pretrain_sonar", "pretrain_sign_hiera")


def copy_of(finished: Path, folder: Path, config: Path) -> Path:
    """A copy with the times of the original, so that nothing in it is stale."""
    folder.mkdir(parents=True)
    for name in ("resources", "results", ".snakemake"):
        if (finished / name).exists():
            shutil.copytree(finished / name, folder / name, symlinks=True)
    own = finished / "config.yaml"
    if own.is_file():
        shutil.copy(own, folder)
    else:
        (folder / "config.yaml").write_text(as_yaml(load_config([config])))
    return folder


def planned(folder: Path, targets: list[str]) -> int:
    """How many jobs Snakemake would run."""
    dry = faults.command(folder, "--dry-run", *targets)
    done = subprocess.run(dry, cwd=folder, capture_output=True, text=True)
    found = re.search(r"^total +(\d+)$", done.stdout, re.MULTILINE)
    return int(found[1]) if found else 0


def one_run(
    folder: Path, job: Job, way: str, rng: random.Random, targets: list[str]
) -> tuple[tuple[str, ...], int, int]:
    """Delete, run, kill, recover; what was killed, calls until it ended well, planned jobs."""
    delete(folder, job)
    # By name: Snakemake ignores a missing file between others that are there.
    targets = [job.outputs[0], *targets]
    n_jobs = planned(folder, targets)
    moments = [
        (rng.randrange(max(1, n_jobs)), rng.uniform(0, faults.MOST_SECONDS_MORE))
        for _ in range(rng.choice((1, 1, 1, 2)))
    ]
    killed, calls = faults.disturb(folder, way, moments, rng, targets)
    return killed, calls, n_jobs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--finished", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--config", type=Path, default=DEFAULT)
    parser.add_argument("--target", default="all")
    parser.add_argument("--runs", type=int, default=25)
    parser.add_argument("--undisturbed", type=int, default=1)
    parser.add_argument("--without", nargs="*", default=list(SLOW), metavar="RULE")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    expected = content(options.finished)
    first = copy_of(options.finished, options.folder / "first", options.config)
    jobs = jobs_by_rule(first, options.target)
    rules = [rule for rule in jobs if rule not in options.without]
    shutil.rmtree(first)
    varying: set[str] = set()
    n_good = n_killed = 0
    for number in range(-options.undisturbed, options.runs):
        folder = copy_of(options.finished, options.folder / f"run{number:03d}", options.config)
        job = rng.choice(jobs[rng.choice(rules)])
        way = faults.WAYS[number % len(faults.WAYS)]
        begun = time.monotonic()
        if number < 0:
            delete(folder, job)
            killed, calls = (), int(faults.run(folder, job.outputs[0], options.target) == 0)
            varying |= {*faults.differing(expected, content(folder))}
            print(f"undisturbed from {job.outputs[0]}: differing: {sorted(varying)}", flush=True)
        else:
            killed, calls, n_jobs = one_run(folder, job, way, rng, [options.target])
            differing = {*faults.differing(expected, content(folder))} - varying
            good = calls > 0 and not differing
            n_good, n_killed = n_good + good, n_killed + len(killed)
            print(
                f"{number:3d} from {job.rule} ({n_jobs} jobs), {way} killed in "
                f"{'; '.join(killed) or 'nothing: it had ended'}: {calls} calls, "
                f"{'the same' if good else f'DIFFERS: {sorted(differing)}'}, "
                f"{time.monotonic() - begun:.0f} s",
                flush=True,
            )
            if not good:
                continue
        shutil.rmtree(folder)
    print(f"{n_good} of {options.runs} runs made the same; {n_killed} kills hit something.")
    sys.exit(n_good < options.runs)


if __name__ == "__main__":
    main()
