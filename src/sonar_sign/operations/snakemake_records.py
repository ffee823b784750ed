"""Which results Snakemake has a record of: with which params and inputs it made a file."""

import os
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from pathlib import Path

STATE = Path(".snakemake")
# What tells systems and trainings from each other; a folder that was copied has these too.
OUTPUTS = (
    "manifests/*.tsv",
    "clips/*/*.tar",
    "features/*/*/*.npy",
    "landmarks/*/*.npy",
    "targets/*.npy",
    "checkpoints/*/best.pt",
    "predictions/*/*.tsv",
    "metrics/*.json",
)


def unrecorded(results: Path) -> list[Path]:
    """Outputs in a corpus's folder that no Snakemake of the current folder has made.

    Of such a file Snakemake looks at its time only, so no change of a setting makes it again. A
    file whose job was killed is not among them: Snakemake knows it and makes it again.
    """
    return [path for path in _outputs(results) if not is_recorded(path)]


def _outputs(results: Path) -> Iterable[Path]:
    for pattern in OUTPUTS:
        yield from sorted(path for path in results.glob(pattern) if not path.name.startswith("."))


def is_recorded(path: Path) -> bool:
    """Whether Snakemake's own folder has a file for it, named by its path in base 64."""
    name = urlsafe_b64encode(os.fsencode(path)).decode()
    for folder in (STATE / "metadata", STATE / "incomplete"):
        try:
            part = os.pathconf(folder, "PC_NAME_MAX") - 1
        except FileNotFoundError:
            continue
        pieces = [name[start : start + part] for start in range(0, len(name), part)]
        if folder.joinpath(*[f"@{piece}" for piece in pieces[:-1]], pieces[-1]).exists():
            return True
    return False
