"""Subcommands of landmarks; none of them imports PyTorch."""

from pathlib import Path
from typing import Annotated

from sonar_sign.cli.corpus import Root, Split
from sonar_sign.options import LandmarkOptions


def extract_landmarks(
    shard: Annotated[Path, "A shard that shard wrote."],
    root: Root,
    split: Split,
    output: Annotated[Path, "Landmarks to write (.npy); the index (.parquet) goes beside it."],
    timings: Annotated[Path, "JSON to write: milliseconds a clip."],
    counts: Annotated[Path, "JSON to write: what was there and what was missing."],
    options: LandmarkOptions,
) -> None:
    """Turn the keypoints of a shard's clips into rows that a model reads."""
    from sonar_sign.landmarks.extract import extract_landmarks as run

    run(shard, root, split, output, timings, counts, options)


COMMANDS = {"extract_landmarks": extract_landmarks}
