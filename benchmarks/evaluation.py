"""What evaluation costs on this machine, for a test split of How2Sign's size.

    python benchmarks/evaluation.py [FOLDER]

Three systems of 2,357 made-up predictions over 184 videos, 31,000 training captions: `compare` of
their prediction files (every metric but BLEURT and METEOR 1.5, 1,000-sample intervals, both tests
of every pair and metric, floors, parts of the clips, whole videos, calibration, the paper's files),
one thread, with one seed, with three, and with two references a clip; CPU and wall seconds and
memory of each command.

FOLDER holds `train.tsv` and `test.tsv` with real captions (`clip_id`, `text`): then the cost of the
floors, of the captions seen in training and of the search for the constant caption is told too.
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
FLOORS = """
import sys
from pathlib import Path
from sonar_sign.evaluation.floors import floors
from sonar_sign.evaluation.training_captions import read_training
training, _ = read_training([Path(sys.argv[1])])
references, _ = read_training([Path(sys.argv[2])])
seen = set(training.captions)
n_seen = sum(text in seen for text in references.captions)
found = floors(references.captions, training.captions, 0)
print(f"{len(training.captions)} captions, {n_seen} of {len(references.captions)} references seen; "
      f"best constant: {found['constant_caption'][0]!r}")
"""


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
        write_inputs(folder, rng, ids, references, [sentence() for _ in range(N_TRAINING)])
        names = [f"{system}.seed{n}" for system in ERRORS for n in range(1, max(SEEDS) + 1)]
        for name in names:
            wrong = rng.random(N_CLIPS) < ERRORS[name.partition(".")[0]]
            predictions = [sentence() if w else r for w, r in zip(wrong, references, strict=True)]
            scores = {"score": -rng.random(N_CLIPS), "cosine": 1 - wrong * rng.random(N_CLIPS)}
            write(folder / f"{name}.tsv", clip_id=ids, prediction=predictions, **scores)
        told = [f"{n} seed(s)" for n in SEEDS] + ["1 seed, two references"]
        for n_seeds, what in zip((*SEEDS, 1), told, strict=True):
            chosen = [name for name in names if int(name[-1]) <= n_seeds]
            further = ["--reference", folder / "more.tsv"] if "two" in what else []
            cost = run(
                "compare", *(folder / f"{name}.tsv" for name in chosen), "--quiet",
                "--reference", folder / "test.tsv", *further, "--training", folder / "train.tsv",
                "--manifest", folder / "test.tsv", "--output", folder / "out",
            )  # fmt: skip
            print(f"compare of three systems, {what}, metrics included: {cost}")
    if len(sys.argv) > 1:
        captions = [str(Path(sys.argv[1]) / name) for name in ("train.tsv", "test.tsv")]
        print(f"floors of real captions: {measured([sys.executable, '-c', FLOORS, *captions])}")


def write_inputs(
    folder: Path, rng: np.random.Generator, ids: list[str], references: list[str],
    captions: list[str],
) -> None:  # fmt: skip
    """The manifest of the test split, with all that parts clips, and training captions."""
    n_frames = rng.integers(24, 400, N_CLIPS)
    write(
        folder / "test.tsv", clip_id=ids, source=[f"video{n % N_VIDEOS}" for n in range(N_CLIPS)],
        text=references, signer=[f"signer{n % 6}" for n in range(N_CLIPS)], n_frames=n_frames,
        fps=24, start_s=range(N_CLIPS), hands_found=2 * rng.random(N_CLIPS),
        face_found=rng.random(N_CLIPS),
    )  # fmt: skip
    shuffled = [" ".join(rng.permutation(text.split())) for text in references]
    write(folder / "more.tsv", clip_id=ids, text=shuffled)
    write(
        folder / "train.tsv", clip_id=range(N_TRAINING), text=captions,
        signer=[f"signer{n % 9}" for n in range(N_TRAINING)],
        source=[f"video{n % 2000 + 90}" for n in range(N_TRAINING)],
    )  # fmt: skip


def write(path: Path, **columns) -> None:
    pd.DataFrame(columns).to_csv(path, sep="\t", index=False)


def run(*arguments) -> str:
    return measured([Path(sys.executable).with_name("sonar-sign"), *map(str, arguments)])


def measured(command) -> str:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return f"{cpu:.1f} CPU s, {time.perf_counter() - started:.1f} s, {after.ru_maxrss / 1e6:.2f} GB"


if __name__ == "__main__":
    main()
