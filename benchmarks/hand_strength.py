"""Whether sentences that are signed larger and faster are told from others by the hands.

    .venv/bin/python benchmarks/hand_strength.py --results results/demo \
        --sentences resources/demo/howto/sentences_test.tsv

Reads the landmark shards of a finished run on a synthetic corpus, and the table that says how
emphatic each sentence is; prints the area under the curve of the strength.
"""

import argparse
from pathlib import Path

import numpy as np

from sonar_sign.core.options import LandmarkOptions
from sonar_sign.core.tables import read_columns
from sonar_sign.speech.clip_strengths import strengths_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--sentences", type=Path, required=True)
    parser.add_argument("--split", default="test")
    parser.add_argument("--rows-per-s", type=float, default=LandmarkOptions.fps)
    given = parser.parse_args()

    shards = sorted((given.results / "landmarks" / given.split).glob("*.npy"))
    manifest = given.results / "manifests" / f"{given.split}.tsv"
    found = strengths_of(shards, manifest, given.rows_per_s)
    table = read_columns(given.sentences, ("SENTENCE_NAME", "emphasis"), key="SENTENCE_NAME")
    emphasis = dict(zip(table["SENTENCE_NAME"], map(float, table["emphasis"]), strict=True))
    names = [name for name in found if name in emphasis]
    values = np.array([found[name].value for name in names])
    emphatic = np.array([emphasis[name] > 0 for name in names])
    area = area_under_curve(values[emphatic], values[~emphatic])
    print(
        f"{len(names)} of {len(emphasis)} sentences were measured, {emphatic.sum()} of them are "
        f"emphatic. Area under the curve: {area:.3f}."
    )


def area_under_curve(positive: np.ndarray, negative: np.ndarray) -> float:
    """How often a positive value is above a negative one; a tie counts as half."""
    above = positive[:, None] > negative[None]
    equal = positive[:, None] == negative[None]
    return float(np.mean(above + 0.5 * equal))


if __name__ == "__main__":
    main()
