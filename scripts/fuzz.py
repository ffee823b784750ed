"""Let the fuzz tests search for a while: `make fuzz`, or `python scripts/fuzz.py --minutes 60`.

The files of tests/fuzz run one after the other, again and again, each time with another seed. What
a failing test said is kept in build/fuzz/{file}.{seed}.txt; hypothesis remembers the example in
.hypothesis/ and tries it first the next time. Mend the cause, and keep the example: copy it into an
`@example(...)` above the test, where every run of the tests tries it.
"""

import argparse
import os
import random
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOUND = ROOT / "build/fuzz"


def search(path: Path, seed: int, limit_s: float) -> bool:
    """Run one file of tests with a seed; True where nothing was found within the time."""
    command = [
        *[sys.executable, "-m", "pytest", "-q", "-x", "--tb=short", str(path)],
        f"--hypothesis-seed={seed}",
    ]
    variables = {**os.environ, "SONAR_SIGN_FUZZ_PROFILE": "search"}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=limit_s
        )
    except subprocess.TimeoutExpired:
        return True
    if done.returncode == 0:
        return True
    FOUND.mkdir(parents=True, exist_ok=True)
    said = FOUND / f"{path.stem}.{seed}.txt"
    said.write_text(done.stdout + done.stderr)
    print(f"{path.name}, seed {seed}: FOUND, see {said.relative_to(ROOT)}", flush=True)
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, help="Default: another one in every call.")
    options = parser.parse_args()
    first = random.SystemRandom().randrange(1 << 30) if options.seed is None else options.seed
    end = time.monotonic() + 60 * options.minutes
    files = sorted((ROOT / "tests/fuzz").glob("test_*.py"))
    n_runs = n_found = 0
    print(f"{len(files)} files of tests for {options.minutes:g} minutes, seeds from {first}")
    while (left := end - time.monotonic()) > 0:
        path = files[n_runs % len(files)]
        n_found += not search(path, first + n_runs, left)
        n_runs += 1
    print(f"{n_runs} runs, {n_found} with a finding.")
    sys.exit(n_found > 0)


if __name__ == "__main__":
    main()
