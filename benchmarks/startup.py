"""What it costs to start the subcommands that need no PyTorch.

    python benchmarks/startup.py

Two figures each, in CPU seconds (user and system), the least of five processes: the help page, and
a call whose input is missing, which ends where its work would have begun. Python keeps its
bytecode, as it does for users, so the first process of the five pays for compiling.
"""

import os
import resource
import subprocess
import sys
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("sonar-sign"))
N_RUNS = 5
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
# Every flag that each needs; none of the inputs is there, and so nothing is written.
CALLS = {
    "prepare": "--corpus-type how2sign --root no --split val --manifest m --dropped d --clamped c",
    "shard": "--manifest no.tsv --output s.tsv",
    "evaluate": "--predictions no.tsv --manifest no.tsv --output m.json",
    "sample": "--predictions no.tsv --manifest no.tsv --output s.json",
    "compare": "no.json --output out",
    "show": "--comparison no.json",
    "plot": "--comparison no.json --output out",
}


def main() -> None:
    print(f"{'':10}{'help':>8}{'a call':>8}")
    for name, flags in CALLS.items():
        figures = cpu_seconds([name, "--help"], 0), cpu_seconds([name, *flags.split()], 2)
        print(f"{name:10}" + "".join(f"{seconds:8.2f}" for seconds in figures), flush=True)


def cpu_seconds(arguments: list[str], code: int) -> float:
    return min(once(arguments, code) for _ in range(N_RUNS))


def once(arguments: list[str], code: int) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([COMMAND, *arguments], capture_output=True, text=True, env=ENVIRONMENT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != code:
        sys.exit(f"sonar-sign {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
