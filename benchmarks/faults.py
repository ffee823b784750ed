"""The workflow killed at random points, recovered as docs/faults.md says, and compared.

    python benchmarks/faults.py --folder FOLDER --runs 30 --from-clips 8 --from-nothing 2

FOLDER gets an undisturbed run of the tiny workflow (tests/workflow/tiny.yaml, one system, one
language), which a later call uses again. Every other run starts from a copy of it without what
comes after stage 1's features, then without what comes after the clips, then from nothing, and is
killed once or twice by SIGKILL, after a number of steps and some seconds more that the seed draws:

- `snakemake`: Snakemake alone; its jobs go on,
- `job`: one process of a job,
- `all`: Snakemake and everything below it, as a machine that loses its power does.

Then `snakemake --unlock` and the same command again, until it ends well; what it made is compared
byte by byte with the undisturbed run: predictions, features, targets, checkpoints, statistics;
metrics, run infos and curves. Times and memory are in files of their own, which are not compared. A
line a run, then a table for docs/faults.md. Processes are found by parentage.
"""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sonar_sign.core.files import sha256_of
from sonar_sign.operations.config import as_yaml, load_config

ROOT = Path(__file__).resolve().parents[1]
SNAKEMAKE = Path(sys.executable).with_name("snakemake")
TARGET = "results/demo/metrics/finetuned.json"
# Everything after the clips, which is what is compared.
MADE = ("targets", "features", "checkpoints", "predictions", "metrics")
# Where runs start, and what is deleted for it.
STARTS = {
    "features": ("checkpoints/stage2", "predictions", "metrics"),
    "clips": MADE,
    "nothing": (),
}
# How many steps lead from there to the target.
STEPS = {"features": 3, "clips": 11, "nothing": 38}
MOST_SECONDS_MORE = 20
WAYS = ("snakemake", "job", "all")
MOST_COMMANDS = 4


@dataclass(frozen=True)
class Outcome:
    """What became of one run."""

    way: str
    killed: tuple[str, ...]
    """What was being done at each kill, e.g. `train`."""
    commands: int
    """Calls of the recovery command until one ended well; 0 if none did."""
    differing: tuple[str, ...]
    """Files that are not those of the undisturbed run."""

    @property
    def good(self) -> bool:
        return self.commands > 0 and not self.differing


def command(folder: Path, *arguments: str) -> list[str]:
    return [
        *[str(SNAKEMAKE), "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)],
        *["--configfile", str(folder / "config.yaml"), "--cores", "2", *arguments],
    ]


def run(folder: Path, *arguments: str) -> int:
    """Run the workflow to its end, its words added to `folder/said.txt`."""
    with (folder / "said.txt").open("a") as said:
        return subprocess.run(
            command(folder, *arguments), cwd=folder, stdout=said, stderr=said
        ).returncode


def processes() -> dict[int, int]:
    """The parent of every process, by number."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # The command's name, in brackets, may hold spaces.
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents[int(entry.name)] = int(fields[1])
    return parents


def below(process: int) -> list[int]:
    """All living descendants of a process."""
    parents, found = processes(), [process]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]


def subcommand(process: int) -> str | None:
    """Which step of sonar-sign a process is, if it is one."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().decode().split("\0")
    except OSError:
        return None
    for before, word in zip(words, words[1:], strict=False):
        if before.endswith("/sonar-sign"):
            return word
    return None


def kill(process: subprocess.Popen, way: str, rng: random.Random) -> tuple[str, list[int]]:
    """Kill in one of `WAYS`; returns what was being done, and which jobs are left behind."""
    children = below(process.pid)
    steps = {child: step for child in children if (step := subcommand(child))}
    doing = ", ".join(sorted(set(steps.values()))) or "between jobs"
    if way == "job" and steps:
        victims = [rng.choice(sorted(steps))]
    elif way == "all":
        victims = [process.pid, *children]
    else:
        victims = [process.pid]
    for victim in victims:
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()
    return doing, [child for child in steps if child not in victims]


def wait_for(orphans: Sequence[int]) -> None:
    while processes().keys() & set(orphans):
        time.sleep(0.5)


def disturb(
    folder: Path,
    way: str,
    moments: Sequence[tuple[int, float]],
    rng: random.Random,
    targets: Sequence[str] = (TARGET,),
) -> tuple[tuple[str, ...], int]:
    """Run and kill at each moment (steps that are done, seconds more), then recover.

    Returns:
        What was being done at each kill, and the calls of the recovery command (0: none helped).
    """
    doing, left = [], []
    for steps, seconds in moments:
        with (folder / "said.txt").open("a") as said:
            begun = said.tell()
            process = subprocess.Popen(
                command(folder, *targets), cwd=folder, stdout=said, stderr=said
            )
            while process.poll() is None and steps_done(folder, begun) < steps:
                time.sleep(0.1)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                done, orphans = kill(process, way, rng)
                doing.append(done)
                left += orphans
        run(folder, "--unlock")
    calls = 0
    for number in range(1, MOST_COMMANDS + 1):
        if run(folder, *targets) == 0:
            calls = number
            break
        # A trainer that was left behind holds its folder until it has ended.
        wait_for(left)
        run(folder, "--unlock")
    wait_for(left)
    return tuple(doing), calls


def steps_done(folder: Path, begun: int) -> int:
    """How many steps Snakemake has said to be done since its words were `begun` bytes long."""
    words = (folder / "said.txt").read_bytes()[begun:].decode(errors="replace")
    return max(map(int, re.findall(r"^(\d+) of \d+ steps", words, flags=re.MULTILINE)), default=0)


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of everything that was made and must not differ, by path."""
    results = folder / "results/demo"
    found = {}
    for path in sorted(path for made in MADE for path in (results / made).rglob("*")):
        if not path.is_file() or path.name.startswith(".") or _holds_times(path):
            continue
        found[str(path.relative_to(folder))] = sha256_of(path)
    return found


def _holds_times(path: Path) -> bool:
    events = path.name.startswith("events.out.")  # TensorBoard's
    return events or path.name == "timings.csv" or path.name.endswith(".timings.json")


def differing(expected: dict[str, str], found: dict[str, str]) -> tuple[str, ...]:
    paths = sorted(expected.keys() | found.keys())
    return tuple(path for path in paths if expected.get(path) != found.get(path))


def undisturbed(folder: Path) -> Path:
    """A project in which the target was made without a fault."""
    folder.mkdir(parents=True)
    changes = {"systems": ["finetuned"], "languages": {"outputs": ["eng_Latn"]}}
    config = load_config([ROOT / "tests/workflow/tiny.yaml"], changes)
    (folder / "config.yaml").write_text(as_yaml(config))
    if run(folder, TARGET):
        sys.exit(f"The undisturbed run failed: {folder / 'said.txt'}.")
    return folder


def copy_to(start: str, whole: Path, folder: Path) -> Path:
    """A copy of a finished project that has come as far as one of `STARTS`."""
    if start == "nothing":
        folder.mkdir()
        shutil.copy(whole / "config.yaml", folder)
        return folder
    shutil.copytree(whole, folder, symlinks=True)
    for made in STARTS[start]:
        shutil.rmtree(folder / "results/demo" / made, ignore_errors=True)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--from-clips", type=int, default=8)
    parser.add_argument("--from-nothing", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    whole = options.folder / "undisturbed"
    if not (whole / TARGET).is_file():
        undisturbed(whole)
    expected = digests(whole)
    starts = [
        *["features"] * (options.runs - options.from_clips - options.from_nothing),
        *["clips"] * options.from_clips,
        *["nothing"] * options.from_nothing,
    ]
    for start in dict.fromkeys(starts):
        started = time.monotonic()
        again = copy_to(start, whole, options.folder / f"again-{start}")
        code = run(again, TARGET)
        seconds = time.monotonic() - started
        verdict = "the same" if code == 0 and digests(again) == expected else "DIFFERENT"
        print(f"undisturbed from {start}: {seconds:.0f} s, {verdict}", flush=True)
        shutil.rmtree(again)
    outcomes = []
    for number, start in enumerate(starts):
        way = WAYS[number % len(WAYS)]
        folder = copy_to(start, whole, options.folder / f"run{number:02d}")
        moments = [
            (rng.randrange(STEPS[start]), rng.uniform(0, MOST_SECONDS_MORE))
            for _ in range(rng.choice((1, 1, 1, 2)))
        ]
        doing, calls = disturb(folder, way, moments, rng)
        outcome = Outcome(way, doing, calls, differing(expected, digests(folder)))
        outcomes.append((start, outcome))
        at = ", ".join(f"step {steps} + {more:.0f} s" for steps, more in moments)
        verdict = "the same" if outcome.good else f"DIFFERS: {outcome.differing}"
        print(f"{number:2d} from {start}, {way} at {at} ({'; '.join(doing) or 'ended before'}): "
              f"{calls} calls, {verdict}", flush=True)  # fmt: skip
        if outcome.good:
            shutil.rmtree(folder)
    print(table(outcomes))
    sys.exit(not all(outcome.good for _, outcome in outcomes))


def table(outcomes: Sequence[tuple[str, Outcome]]) -> str:
    lines = [
        "",
        "| killed | from | runs | kills | the same results | calls needed |",
        "|---|---|---:|---:|---:|---|",
    ]
    for way in WAYS:
        for start in STARTS:
            rows = [outcome for begun, outcome in outcomes if (begun, outcome.way) == (start, way)]
            if rows:
                calls = Counter(row.commands for row in rows)
                lines.append(
                    f"| {way} | {start} | {len(rows)} | {sum(len(row.killed) for row in rows)} "
                    f"| {sum(row.good for row in rows)} "
                    f"| {', '.join(f'{n} in {k} runs' for n, k in sorted(calls.items()))} |"
                )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
