"""Checks of checkpoints, SONAR's folder, and the curves of trainings."""

import csv
import math
from pathlib import Path
from typing import Any

import yaml

from sonar_sign.core.errors import UserError
from sonar_sign.core.wording import first_few
from sonar_sign.models.archive import check_checksums, check_layout, is_archive
from sonar_sign.models.model_files import read_metadata
from sonar_sign.models.verify_checkpoint import verify_checkpoint
from sonar_sign.operations.declared_outputs import Output
from sonar_sign.operations.output_check import Inspection

MODEL_SUFFIXES = (".pt", ".pth")


def check_checkpoint(output: Output, look: Inspection) -> None:
    """It is whole, of this training, and was trained from the checkpoints that there are."""
    if look.reads_whole(output.path):
        verify_checkpoint(output.path)
    metadata = read_metadata(output.path)
    if "label" not in output.values:
        return
    run = look.config.experiment.run(output.values["label"])
    for name, wanted in (("training", run.name), ("seed", run.seed)):
        if metadata.get(name, wanted) != wanted:
            raise UserError(
                f"{output.path} is of the {name} {metadata[name]}, and not of {wanted}."
            )
    _check_parents(output, metadata.get("started_from"), look)


def _check_parents(output: Output, parents: Any, look: Inspection) -> None:
    models = [
        path for paths in output.inputs.values() for path in paths if path.suffix in MODEL_SUFFIXES
    ]
    hashes = {look.sha256(path) for path in models}
    if None in hashes or not models or not isinstance(parents, dict):
        return
    for role, parent in parents.items():
        sha256 = parent.get("sha256") if isinstance(parent, dict) else None
        if sha256 not in hashes:
            raise UserError(
                f"{output.path} was trained from another {role.replace('_', ' ')} "
                f"({str(sha256)[:12]}) than is there ({first_few([*map(str, models)])})."
            )


def check_sonar(output: Output, look: Inspection) -> None:
    """A folder of SONAR's has the files that its cards name, each whole."""
    if not output.path.is_dir():
        raise UserError(f"{output.path}, SONAR's folder, is a file.")
    named = {path for card in sorted(output.path.glob("*.yaml")) for path in _files_of(card)}
    missing = sorted(str(path) for path in named if not path.is_file())
    if missing:
        raise UserError(f"SONAR's folder {output.path} lacks {first_few(missing)}.")
    for path in named or sorted(output.path.iterdir()):
        check_sonar_file(Output(path, "sonar_file", {}, {}), look)


def _files_of(card: Path) -> list[Path]:
    try:
        cards = [*yaml.safe_load_all(card.read_text(encoding="utf-8"))]
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UserError(f"SONAR's asset card {card} cannot be read.") from error
    return [
        card.parent / str(one[key]).rsplit("/", 1)[-1]
        for one in cards
        if isinstance(one, dict)
        for key in ("checkpoint", "tokenizer")
        if key in one
    ]


def check_sonar_file(output: Output, look: Inspection) -> None:
    """A tokenizer can be opened, and the archive of a checkpoint is whole."""
    path = output.path
    if path.suffix == ".model":
        import sentencepiece

        try:
            sentencepiece.SentencePieceProcessor(model_file=str(path))
        except (OSError, RuntimeError) as error:
            raise UserError(f"{path} is no tokenizer of sentencepiece, or damaged.") from error
    elif path.suffix in MODEL_SUFFIXES:
        if not is_archive(path):
            raise UserError(f"{path} is no checkpoint of PyTorch, or damaged.")
        check_layout(path)
        if look.reads_whole(path):
            check_checksums(path)


def check_curves(output: Output, look: Inspection) -> None:
    """A table of numbers by step."""
    try:
        with output.path.open(newline="", encoding="utf-8") as file:
            rows = [*csv.DictReader(file, strict=True)]
        steps = [int(row["step"]) for row in rows]
        values = [float(value) for row in rows for value in row.values() if value]
    except (ValueError, TypeError, KeyError, csv.Error) as error:
        raise UserError(f"{output.path} is no table of numbers by step ({error}).") from error
    if not rows or steps != sorted(steps) or any(map(math.isinf, values)):
        raise UserError(f"{output.path} is cut off or damaged: its steps do not follow each other.")
