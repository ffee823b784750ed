"""What evaluation costs on this machine, for a test split of How2Sign's size.

    python benchmarks/evaluation.py

Three systems of 2,357 made-up predictions over 184 videos, 31,000 training captions: `compare` of
their prediction files (every metric, 1,000-sample intervals, both tests of every pair and metric,
floors, breakdowns), one thread, with one seed and with three; CPU and wall seconds of each command.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

N_CLIPS, N_VIDEOS, N_TRAINING = 2357, 184, 31_000
N_WORDS = 8000
ERRORS = {"good": 0.5, "fair": 0.7, "poor": 0.9}
SEEDS = (1, 3)


def main() -> None:
    rng = np.random.default_rng(0)
    vocabulary = np.array(["".join(rng.choice(list("abcdefghilmnoprstu"), n)) for n in
                           rng.integers(2, 9, N_WORDS)])  # fmt: skip
    # Words as frequent as in a language (Zipf).
    weights = 1 / np.arange(1, N_WORDS + 1)
    weights /= weights.sum()

    def sentence() -> str:
        return " ".join(rng.choice(vocabulary, int(rng.gamma(3, 6)) + 1, p=weights)) + "."

    references = [sentence() for _ in range(N_CLIPS)]
    ids = [f"clip{n:04d}" for n in range(N_CLIPS)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        sources = [f"video{n % N_VIDEOS}" for n in range(N_CLIPS)]
        write(folder / "test.tsv", clip_id=ids, source=sources, text=references)
        captions = [sentence() for _ in range(N_TRAINING)]
        write(folder / "train.tsv", clip_id=range(N_TRAINING), text=captions)
        names = [f"{system}.seed{n}" for system in ERRORS for n in range(1, max(SEEDS) + 1)]
        for name in names:
            wrong = rng.random(N_CLIPS) < ERRORS[name.partition(".")[0]]
            predictions = [sentence() if w else r for w, r in zip(wrong, references, strict=True)]
            write(folder / f"{name}.tsv", clip_id=ids, prediction=predictions)
        for n_seeds in SEEDS:
            chosen = [name for name in names if int(name[-1]) <= n_seeds]
            cost = run(
                "compare", *(folder / f"{name}.tsv" for name in chosen),
                "--reference", folder / "test.tsv", "--training", folder / "train.tsv",
                "--output", folder / "out",
            )  # fmt: skip
            print(f"compare of three systems, {n_seeds} seed(s), metrics included: {cost}")


def write(path: Path, **columns) -> None:
    pd.DataFrame(columns).to_csv(path, sep="\t", index=False)


def run(*arguments) -> str:
    command = [Path(sys.executable).with_name("sonar-sign"), *map(str, arguments)]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return f"{cpu:.1f} CPU s, {time.perf_counter() - started:.1f} s, {after.ru_maxrss / 1e6:.2f} GB"


if __name__ == "__main__":
    main()
