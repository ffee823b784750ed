"""`export`: writes a system of a workflow's results as a folder that works anywhere.

The layout is that of `translation.system_folders`, which reads it.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_folder, sha256_of, write_json, write_text
from sonar_sign.export.facts import gather_facts
from sonar_sign.export.model_card import model_card
from sonar_sign.export.sonar_export import SonarExport, export_sonar
from sonar_sign.models.model_content import HASH, verify_content
from sonar_sign.models.model_files import open_file, origin_sha256
from sonar_sign.models.tensor_files import write_tensor_file
from sonar_sign.translation.declared_systems import declared_system, folder_of
from sonar_sign.translation.definitions import SystemDefinition
from sonar_sign.translation.model_choice import require_files
from sonar_sign.translation.system_folders import (
    CARD,
    FOLDERS,
    FORMAT,
    LANDMARK_MODEL,
    SIGN_ENCODER,
    SYSTEM,
    VERSION,
    VIDEO_ENCODER,
)


@dataclass(frozen=True)
class Exported:
    """What was written."""

    folder: Path
    files: Mapping[str, int]
    """Bytes by name."""
    public: Mapping[str, int]
    """Bytes of the public files that are only named, by name."""

    @property
    def size(self) -> int:
        """Bytes of the folder."""
        return sum(self.files.values())


def export_system(
    name: str, output: Path, *, results: Path | None = None, half: bool = False
) -> Exported:
    """Write a system as a folder; one that is there is replaced when the new one is whole.

    Args:
        name: of a system of the results.
        output: the folder to write.
        results: the results folder of a corpus, such as `results/demo`; None: the only one that
            has the system.
        half: store weights as bf16, in half the space.

    Raises:
        UserError: there is no such system, a file of it is missing or damaged, or `output` is
            something else than an exported system.
    """
    where = folder_of(name, results)
    definition = declared_system(name, where)
    require_files(definition)
    with _replaced(output) as folder:
        sonar = _write_models(definition, folder, half)
        files = {path: _size_and_hash(folder / path) for path in _written(folder)}
        sizes = {path: entry["bytes"] for path, entry in files.items()}
        facts = gather_facts(definition, where, half=half)
        definition = facts.definition
        write_text(folder / CARD, model_card(facts, sizes, sonar.public))
        files[CARD] = _size_and_hash(folder / CARD)
        write_json(folder / SYSTEM, _record(definition, files, sonar, half))
        sizes = {path: entry["bytes"] for path, entry in files.items()}
        sizes[SYSTEM] = (folder / SYSTEM).stat().st_size
    return Exported(output, sizes, {one.file: one.size for one in sonar.public})


def _write_models(definition: SystemDefinition, folder: Path, half: bool) -> SonarExport:
    files = definition.files
    for path, place in (
        (files.sign_hiera, VIDEO_ENCODER),
        (files.sign_encoder, SIGN_ENCODER),
        (files.landmark_model, LANDMARK_MODEL),
    ):
        if path is not None:
            opened = open_file(path, "A model")
            verify_content(path, opened)
            values = {key: value for key, value in opened.items() if key != HASH}
            write_tensor_file(folder / place, values, origin=origin_sha256(path), half=half)
    if definition.kind != "sonar":
        return SonarExport(())
    return export_sonar(files.sonar, files.sonar_decoder, folder, half)


def _written(folder: Path) -> list[str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def _size_and_hash(path: Path) -> dict[str, Any]:
    return {"sha256": sha256_of(path), "bytes": path.stat().st_size}


def _record(
    definition: SystemDefinition, files: Mapping[str, Any], sonar: SonarExport, half: bool
) -> dict[str, Any]:
    clips = definition.clips
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": definition.name,
        "kind": definition.kind,
        "caption_language": definition.language,
        "languages": list(definition.languages) or [definition.language],
        "trained_on_drawings": definition.trained_on_drawings,
        "stored_as": "bf16" if half else "as trained",
        "decoding": asdict(definition.decoding),
        "clips": {
            "crop": asdict(clips.crop),
            "extract": asdict(clips.extract),
            "landmarks": asdict(clips.landmarks),
        },
        "public_files": [
            {"name": one.name, "file": one.file, "sha256": one.sha256, "bytes": one.size}
            for one in sonar.public
        ],
        "files": dict(files),
    }


@contextmanager
def _replaced(output: Path) -> Iterator[Path]:
    """A new folder beside `output`, which takes its place if the block ends well."""
    output = Path(output)
    if output.is_symlink() or output.exists():
        require_folder(output, "The output")
        known = {SYSTEM, CARD, *FOLDERS}
        strange = sorted(
            path.name
            for path in output.iterdir()
            if path.name not in known and not path.name.startswith(".")
        )
        if strange:
            raise UserError(
                f"{output} holds {strange[0]}, so it is no exported system; give another folder."
            )
    parent = output.resolve().parent
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=parent) as scratch:
        folder = Path(scratch) / "new"
        folder.mkdir()
        yield folder
        target = output.resolve()
        if target.exists():
            target.rename(Path(scratch) / "old")
        shutil.move(folder, target)
