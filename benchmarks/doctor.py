"""Which planted faults `doctor` finds in a finished run, and how long it takes.

    python benchmarks/doctor.py --folder FOLDER [--deep]

FOLDER holds `config.yaml` and the finished run of a config with the demo's corpora, such as
tests/workflow/tiny.yaml or a folder that `make demo` was run in. Each fault of
tests/support/planted_faults.py is planted in a copy. A line per fault, then the sum. The seconds
are those of the command, with what it imports.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/support"))
import planted_faults  # noqa: E402  (tests and this script plant the same)


def look(folder: Path, flags: list[str]) -> tuple[list[str], float]:
    """The lines of what doctor says is wrong, each with its remedy, and the seconds."""
    command = [sys.executable, "-m", "sonar_sign", "doctor", "--config", "config.yaml"]
    command += ["--lock", str(ROOT / "requirements.lock"), *flags]
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.stderr or done.returncode not in (0, 1):
        sys.exit(f"doctor failed: {done.stderr}")
    said = done.stdout.split("WRONG: ")[1:]
    return [" -> ".join(part.split("\n  try: ")) for part in said], seconds


def plant_in(copy: Path, plant: Callable[[], object]) -> None:
    """Faults are planted in the current folder."""
    before = Path.cwd()
    os.chdir(copy)
    try:
        plant()
    finally:
        os.chdir(before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--deep", action="store_true")
    options = parser.parse_args()
    flags = ["--deep"] if options.deep else []
    findings, seconds = look(options.folder, flags)
    print(f"a finished run: {len(findings)} findings, {seconds:.1f} s", flush=True)
    known = planted_faults.INPUTS | planted_faults.RESULTS | planted_faults.ALONE
    found, slowest = 0, 0.0
    for words, plant in known.items():
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch) / "run"
            shutil.copytree(options.folder, copy, symlinks=True)
            plant_in(copy, plant)
            findings, seconds = look(copy, flags)
        is_found = any(words in finding for finding in findings)
        found, slowest = found + is_found, max(slowest, seconds)
        print(f"{'found' if is_found else 'MISSED'}, {seconds:.1f} s: {words}", flush=True)
    print(f"{found} of {len(known)} faults found; the slowest look took {slowest:.1f} s")


if __name__ == "__main__":
    main()
