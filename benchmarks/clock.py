"""A clock that jumps during a run of the workflow, and what the run makes, compared.

    python benchmarks/clock.py --folder FOLDER --runs 4

Needs libfaketime (Debian: `apt-get install faketime`). FOLDER gets the undisturbed run of
`benchmarks/faults.py`, or has it. Every run starts from a copy of it without what comes after one
of `faults.STARTS`. Two to four times, at moments drawn from the seed, the clock of Snakemake and of
all jobs jumps by up to two days, forwards or back; files get the true time from the file system, so
that after a jump back they seem to be of the future, and after one forwards long past. Snakemake
refuses outputs that are older than inputs. Then the same command again, without jumps; where it is
refused too, files dated in the future are touched, as doctor says, and the command is called once
more. The results must be those of the undisturbed run, and the first command must end within a
limit.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import faults

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
LONGEST_JUMP_S = 2 * 86_400
LIMIT_S = 1200
# Within how many seconds of a run the jumps are.
WITHIN_S = 60


@dataclass(frozen=True)
class Outcome:
    """What became of one run."""

    start: str
    jumps_s: tuple[int, ...]
    first: int | None
    """Exit status of the run with jumps; None where it did not end within the limit."""
    calls: int
    """Further calls of the same command until one ended well; 0 if none did."""
    differing: tuple[str, ...]
    """Files that are not those of the undisturbed run."""

    @property
    def good(self) -> bool:
        return self.first is not None and self.calls > 0 and not self.differing


def write_offset(path: Path, seconds: int) -> None:
    """Set the clock, all at once."""
    draft = path.with_suffix(".new")
    draft.write_text(f"{seconds:+d}s")
    os.replace(draft, path)


def with_jumps(project: Path, jumps_s: tuple[int, ...], rng: random.Random) -> int | None:
    """Run the target while the clock jumps to each offset in turn."""
    offset = project / "clock"
    write_offset(offset, 0)
    variables = {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }
    with (project / "said.txt").open("a") as said:
        process = subprocess.Popen(
            faults.command(project, faults.TARGET),
            cwd=project,
            stdout=said,
            stderr=said,
            env={**os.environ, **variables},
        )
        end = time.monotonic() + LIMIT_S
        moments = sorted(rng.uniform(0, WITHIN_S) for _ in jumps_s)
        begun = time.monotonic()
        for moment, jump in zip(moments, jumps_s, strict=True):
            wait = max(0.0, begun + moment - time.monotonic())
            try:
                process.wait(wait)
                break
            except subprocess.TimeoutExpired:
                write_offset(offset, jump)
        try:
            return process.wait(end - time.monotonic())
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None


def recover(project: Path) -> int:
    """Call the command again, and once more after what doctor says; calls until it ended well."""
    for call in (1, 2):
        if faults.run(project, faults.TARGET) == 0:
            return call
        now = time.time()
        for path in project.rglob("*"):
            if path.is_file() and path.stat().st_mtime > now:
                path.touch()
    return 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--starts", nargs="+", default=["features"], choices=[*faults.STARTS])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if LIBRARY is None:
        sys.exit("libfaketime is not installed; install it: apt-get install faketime.")
    rng = random.Random(options.seed)
    whole = options.folder / "undisturbed"
    if not (whole / faults.TARGET).is_file():
        faults.undisturbed(whole)
    expected = faults.digests(whole)
    outcomes = []
    for number in range(options.runs):
        start = options.starts[number % len(options.starts)]
        project = faults.copy_to(start, whole, options.folder / f"clock{number:02d}")
        jumps = tuple(
            rng.randint(-LONGEST_JUMP_S, LONGEST_JUMP_S) for _ in range(rng.randint(2, 4))
        )
        first = with_jumps(project, jumps, rng)
        faults.run(project, "--unlock")
        calls = recover(project)
        outcome = Outcome(
            start, jumps, first, calls, faults.differing(expected, faults.digests(project))
        )
        outcomes.append(outcome)
        verdict = "the same" if outcome.good else f"WRONG: {outcome}"
        offsets = ", ".join(f"{jump:+d} s" for jump in jumps)
        said = f"exit {first}, then {calls} calls"
        print(f"{number:2d} from {start}, clock at {offsets}: {said}; {verdict}", flush=True)
        if outcome.good:
            shutil.rmtree(project)
    sys.exit(not all(outcome.good for outcome in outcomes))


if __name__ == "__main__":
    main()
