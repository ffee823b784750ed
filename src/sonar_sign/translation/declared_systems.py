"""Systems that a workflow's config declares, read from `results/{corpus}/systems.json`.

The workflow writes the file: `{"systems": {NAME: {"kind": "sonar" or "landmarks", "sign_hiera",
"sign_encoder", "sonar", "sonar_decoder", "landmark_model": path or null, "decoding": {...},
"languages": [...], "caption_language": ...}}}`. Paths are relative to the folder in which
Snakemake ran, the parent of `results/`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import PredictOptions
from sonar_sign.core.settings import defaults_of
from sonar_sign.core.wording import nearest
from sonar_sign.translation.inputs import SonarModels
from sonar_sign.translation.predictions import read_record

FILE_NAME = "systems.json"
RESULTS = Path("results")

# How the workflow computed the predictions; it changes no translation, so it need not be repeated.
_NOT_DECODING = {"batch_size", "precision"}


@dataclass(frozen=True)
class DeclaredSystem:
    """A system that translates videos without the workflow."""

    models: SonarModels
    language: str
    """FLORES code of the captions that it was trained on."""
    beam_size: int | None
    """Hypotheses kept by beam search; None: not declared."""


def find_system(name: str, results: Path | None = None) -> DeclaredSystem:
    """Look up a system by its name.

    Args:
        results: the results folder of a corpus, such as `results/demo`. None: the only folder
            below `results/` that has the system.

    Raises:
        UserError: no folder or several have the system, or it cannot translate from video.
    """
    folders = (
        [results] if results else sorted(path.parent for path in RESULTS.glob(f"*/{FILE_NAME}"))
    )
    if not folders:
        raise UserError(
            f"No folder in {RESULTS}/ has a {FILE_NAME}; run the workflow first, or give "
            "--results FOLDER."
        )
    by_folder = {folder: _read(folder / FILE_NAME) for folder in folders}
    found = [folder for folder, systems in by_folder.items() if name in systems]
    if not found:
        known = sorted({known for systems in by_folder.values() for known in systems})
        where = " or ".join(map(str, folders))
        raise UserError(f"There is no system {name!r} in {where}; {nearest(name, known)}.")
    if len(found) > 1:
        raise UserError(
            f"System {name!r} is in {' and '.join(map(str, found))}; choose with --results FOLDER."
        )
    (folder,) = found
    path = folder / FILE_NAME
    try:
        return _declared(name, by_folder[folder][name], folder.resolve().parent.parent)
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path}: the entry of system {name!r} is incomplete ({error}); run the workflow again."
        ) from error


def _read(path: Path) -> dict[str, Any]:
    systems = read_record(path, "The list of systems").get("systems")
    if not isinstance(systems, dict):
        raise UserError(f"{path} has no entry 'systems'; run the workflow again.")
    return systems


def _declared(name: str, entry: Mapping[str, Any], root: Path) -> DeclaredSystem:
    if entry["kind"] != "sonar" or entry["landmark_model"]:
        raise UserError(
            f"System {name!r} reads landmarks, and translate cannot find them in a video yet; "
            "choose a system that reads features only."
        )
    decoding = dict(entry["decoding"])
    beam_size = decoding.pop("beam_size", None)
    usual = defaults_of(PredictOptions())
    changed = {key for key, value in decoding.items() if value != usual.get(key)}
    unknown = sorted(changed - _NOT_DECODING)
    if unknown:
        raise UserError(
            f"System {name!r} decodes with the setting {unknown[0]}, which translate does not "
            "have; choose another system."
        )
    paths = {field.name: entry[field.name] for field in fields(SonarModels)}
    models = SonarModels(**{key: path and root / path for key, path in paths.items()})
    return DeclaredSystem(models, entry["caption_language"], beam_size)
