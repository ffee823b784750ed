"""Experiments of the real job's defaults, and manifests for them."""

from pathlib import Path

from sonar_sign.core.tables import write_rows
from sonar_sign.operations.config import Config, complete
from sonar_sign.operations.config_layers import Layer
from sonar_sign.operations.experiment import Experiment


def config_of(folder: Path, **values) -> Config:
    """A config with a corpus `how2sign` and these keys."""
    (folder / "data").mkdir(exist_ok=True)
    corpus = {"name": "how2sign", "type": "how2sign", "root": str(folder / "data")}
    return complete([Layer("test", {"corpus": corpus, **values})])


def experiment_of(folder: Path, **values) -> Experiment:
    """What `config_of` declares."""
    return config_of(folder, **values).experiment


def write_manifests(
    results: Path, corpus: str = "how2sign", seconds: float = 2.52, **clips
) -> None:
    """Manifests with as many clips of a split as `clips` says, each so long at 25 a second.

    2.52 seconds are 63 frames and 32 sampled ones, so 96 of a window's 128 are padding.
    """
    for split, n in clips.items():
        rows = [(f"c{number}", round(25 * seconds), 25.0) for number in range(n)]
        path = results / f"{corpus}/manifests/{split}.tsv"
        write_rows(path, ("clip_id", "n_frames", "fps"), rows)
