"""Systems that a workflow's config declares, read from `results/{corpus}/systems.json`.

The workflow writes the file: `{"systems": {NAME: {"kind": "sonar" or "landmarks", "sign_hiera",
"sign_encoder", "sonar", "sonar_decoder", "landmark_model": path or null, "decoding": {...},
"languages": [...], "caption_language": ...}}}`. Paths are relative to the folder in which
Snakemake ran, the parent of `results/`. How videos are cropped and landmarks represented is in
`identity.json` beside it.
"""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import CropOptions, ExtractOptions, LandmarkOptions, PredictOptions
from sonar_sign.core.wording import nearest
from sonar_sign.translation.definitions import (
    ClipSettings,
    SystemDefinition,
    SystemFiles,
    known_options,
    read_options,
)
from sonar_sign.translation.predictions import read_record

FILE_NAME = "systems.json"
IDENTITY = "identity.json"
RESULTS = Path("results")
# The type of corpora whose signers are drawn.
DRAWN = "demo"
FACE_MODEL = "mmod_human_face_detector.dat"


def find_system(name: str, results: Path | None = None) -> SystemDefinition:
    """Look up a system by its name.

    Args:
        results: the results folder of a corpus, such as `results/demo`. None: the only folder
            below `results/` that has the system.

    Raises:
        UserError: no folder or several have the system, or what is written of it is damaged.
    """
    return declared_system(name, folder_of(name, results))


def folder_of(name: str, results: Path | None = None) -> Path:
    """The results folder of a corpus that has a system; arguments and errors as `find_system`."""
    folders = (
        [results] if results else sorted(path.parent for path in RESULTS.glob(f"*/{FILE_NAME}"))
    )
    if not folders:
        raise UserError(
            f"No folder in {RESULTS}/ has a {FILE_NAME}; run the workflow first, or give "
            "--results FOLDER, or an exported folder as --system FOLDER."
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
    return found[0]


def declared_system(name: str, folder: Path) -> SystemDefinition:
    """A system of a results folder that has it.

    Raises:
        UserError: what is written of it is damaged.
    """
    path = folder / FILE_NAME
    entry = _read(path)[name]
    try:
        return _definition(name, entry, folder)
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path}: the entry of system {name!r} is incomplete ({error}); run the workflow again."
        ) from error


def _read(path: Path) -> dict[str, Any]:
    systems = read_record(path, "The list of systems").get("systems")
    if not isinstance(systems, dict):
        raise UserError(f"{path} has no entry 'systems'; run the workflow again.")
    return systems


def _definition(name: str, entry: Mapping[str, Any], folder: Path) -> SystemDefinition:
    root = folder.resolve().parent.parent
    paths = {one.name: entry[one.name] for one in fields(SystemFiles)}
    if entry["kind"] == "landmarks":
        paths["sonar"] = None  # the workflow names it for every system
    identity = _identity(folder)
    return SystemDefinition(
        name=name,
        kind="landmarks" if entry["kind"] == "landmarks" else "sonar",
        files=SystemFiles(**{key: path and root / path for key, path in paths.items()}),
        language=entry["caption_language"],
        languages=tuple(entry.get("languages", ())),
        decoding=read_options(PredictOptions, entry["decoding"], f"The decoding of {name}"),
        clips=_clip_settings(identity, root),
        trained_on_drawings=identity.get("type") == DRAWN,
    )


def _identity(folder: Path) -> Mapping[str, Any]:
    """What the results are made of; nothing where no run has written it."""
    path = folder / IDENTITY
    return read_record(path, "What the results are made of") if path.is_file() else {}


def _clip_settings(identity: Mapping[str, Any], root: Path) -> ClipSettings:
    settings = identity.get("settings", {})

    def options(cls: type, section: str) -> Any:
        values = known_options(cls, settings.get(section))
        return read_options(cls, values, f"{IDENTITY}, {section}")

    face_model = root / "resources/models" / FACE_MODEL
    return ClipSettings(
        options(CropOptions, "crop"),
        options(ExtractOptions, "extract"),
        options(LandmarkOptions, "landmarks"),
        face_model if face_model.is_file() else None,
    )
