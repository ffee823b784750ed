"""A system as one folder, which `export` writes and anybody may have sent: read without trust.

    system.json         what the system is, and size and SHA-256 of every other file
    README.md           the model card
    video_encoder/, sign_encoder/, landmark_model/      see `models.tensor_files`
    sonar/              SONAR's text models; those that are the public files are only named

Nothing in it is code or pickle. Only files of these names are read, none through a link, and only
if they are as `system.json` says. The names are in this module, not in the folder, so no path of
the folder's own leads anywhere.
"""

import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from sonar_sign.core.content_hash import verify_once
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import safe_name, sha256_of
from sonar_sign.core.languages import LANGUAGES
from sonar_sign.core.options import CropOptions, ExtractOptions, LandmarkOptions, PredictOptions
from sonar_sign.core.strict_json import parse_json
from sonar_sign.translation.definitions import (
    ClipSettings,
    SystemDefinition,
    SystemFiles,
    read_options,
)

SYSTEM, CARD = "system.json", "README.md"
FORMAT, VERSION = "sonar-sign system", 1
VIDEO_ENCODER = "video_encoder/model.safetensors"
SIGN_ENCODER = "sign_encoder/model.safetensors"
LANDMARK_MODEL = "landmark_model/model.safetensors"
SONAR_FOLDER = "sonar"
SONAR_DECODER = f"{SONAR_FOLDER}/sonar_text_decoder.safetensors"
SONAR_ENCODER = f"{SONAR_FOLDER}/sonar_text_encoder.safetensors"
SONAR_TOKENIZER = f"{SONAR_FOLDER}/sentencepiece.model"
SONAR_CARDS = f"{SONAR_FOLDER}/cards.yaml"
FOLDERS = ("video_encoder", "sign_encoder", "landmark_model", SONAR_FOLDER)
# Every file that a folder may list.
NAMES = frozenset(
    {
        CARD, SONAR_DECODER, SONAR_ENCODER, SONAR_TOKENIZER, SONAR_CARDS,
        SONAR_DECODER.replace(".safetensors", ".json"),
        SONAR_ENCODER.replace(".safetensors", ".json"),
        *(f"{folder}/{name}" for folder in FOLDERS[:3]
          for name in ("model.safetensors", "config.json")),
        "landmark_model/tokenizer.model",
    }
)  # fmt: skip
MAX_SYSTEM_BYTES, MAX_CARDS_BYTES, MAX_NAME = 1 << 20, 1 << 18, 100
# Where the public SONAR is looked for, unless one is given.
PUBLIC_SONAR = Path("resources/models/sonar")
_SHA256 = re.compile("[0-9a-f]{64}")
_AGAIN = "get the folder again from where it is from, or export it again"


@dataclass(frozen=True)
class PublicPart:
    """A public file that a folder only names."""

    name: str
    """In the registry, such as `sonar_text_decoder`."""
    file: str
    sha256: str
    size: int


def is_system_folder(path: Path) -> bool:
    """Whether a folder looks like an exported system."""
    return (Path(path) / SYSTEM).is_file()


def read_system_folder(folder: Path, sonar: Path | None = None) -> SystemDefinition:
    """The system in a folder, all of whose files have been checked.

    Args:
        sonar: folder with SONAR's public files, for a system that only names them; None:
            `resources/models/sonar`.

    Raises:
        UserError: a file is missing, a link, not listed, or differs from what `system.json` says;
            a value is impossible; or SONAR's public files are not there.
    """
    folder = Path(folder)
    record = _record(folder)
    try:
        files = _listed(folder, record["files"])
        public = [_public_part(folder, one) for one in record["public_files"]]
        definition = _definition(folder, record, set(files))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _error(folder / SYSTEM, f"it is incomplete ({str(error)[:80]})") from error
    _require_files(folder, files)
    if definition.kind == "sonar":
        definition = replace(definition, files=_with_sonar(folder, definition, public, sonar))
    return definition


def _error(path: Path, problem: str) -> UserError:
    return UserError(f"{path}: {problem}; {_AGAIN}.")


def _record(folder: Path) -> Mapping[str, Any]:
    path = folder / SYSTEM
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        raise UserError(
            f"{folder} is no exported system: it has no {SYSTEM}; sonar-sign export writes one."
        ) from error
    if not stat.S_ISREG(mode):
        raise _error(path, "it is no file, but a link or something else")
    with path.open("rb") as file:
        content = file.read(MAX_SYSTEM_BYTES + 1)
    try:
        if len(content) > MAX_SYSTEM_BYTES:
            raise ValueError(f"it has more than {MAX_SYSTEM_BYTES} bytes")
        record = parse_json(content.decode("utf-8"))
        if not isinstance(record, dict) or record.get("format") != FORMAT:
            raise ValueError(f"its format is not {FORMAT!r}")
    except ValueError as error:
        raise _error(path, f"it describes no system ({str(error)[:100]})") from error
    if record.get("version") != VERSION:
        raise UserError(
            f"{path} has the version {str(record.get('version'))[:20]} and this program reads "
            f"{VERSION}; use the version of sonar-sign that wrote it, or a newer one."
        )
    return record


def _listed(folder: Path, entries: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
    """SHA-256 and size of each file by name."""
    found = {}
    for name, entry in entries.items():
        if name not in NAMES:
            raise _error(folder / SYSTEM, f"it lists {name[:80]!r}, which no system has")
        sha256, size = entry["sha256"], entry["bytes"]
        if not _SHA256.fullmatch(sha256) or type(size) is not int or size < 0:
            raise _error(folder / SYSTEM, f"size or SHA-256 of {name} cannot be that")
        found[name] = (sha256, size)
    return found


def _public_part(folder: Path, entry: Mapping[str, Any]) -> PublicPart:
    part = PublicPart(entry["name"], entry["file"], entry["sha256"], entry["bytes"])
    known = {"sonar_text_encoder", "sonar_text_decoder", "sonar_tokenizer"}
    if part.name not in known or not _SHA256.fullmatch(part.sha256):
        raise _error(folder / SYSTEM, "it names a public file that SONAR has not")
    safe_name(part.file)
    return part


def _definition(folder: Path, record: Mapping[str, Any], files: set[str]) -> SystemDefinition:
    where = f"{folder / SYSTEM}"
    kind, language, languages = record["kind"], record["caption_language"], record["languages"]
    if kind not in ("sonar", "landmarks"):
        raise ValueError("kind")
    if not {language, *languages} <= LANGUAGES or not isinstance(languages, list):
        raise _error(folder / SYSTEM, "a language is not one of SONAR's")
    needed = {VIDEO_ENCODER, SIGN_ENCODER} if kind == "sonar" else {LANDMARK_MODEL}
    if not needed <= files:
        raise _error(folder / SYSTEM, f"it lists no {sorted(needed - files)[0]}")

    def path(name: str) -> Path | None:
        return folder / name if name in files else None

    settings = record["clips"]
    return SystemDefinition(
        name=str(record["name"])[:MAX_NAME],
        kind=kind,
        files=SystemFiles(
            sign_hiera=path(VIDEO_ENCODER),
            sign_encoder=path(SIGN_ENCODER),
            landmark_model=path(LANDMARK_MODEL),
        ),
        language=language,
        languages=tuple(languages),
        decoding=read_options(PredictOptions, record["decoding"], f"{where}, decoding"),
        clips=ClipSettings(
            read_options(CropOptions, settings["crop"], f"{where}, crop"),
            read_options(ExtractOptions, settings["extract"], f"{where}, extract"),
            read_options(LandmarkOptions, settings["landmarks"], f"{where}, landmarks"),
        ),
        trained_on_drawings=record["trained_on_drawings"] is True,
    )


def _require_files(folder: Path, files: Mapping[str, tuple[str, int]]) -> None:
    """Every listed file is a plain one with the right content, and the models' folders have no
    others."""
    for name in FOLDERS:
        inner = folder / name
        expected = {PurePosixPath(one).name for one in files if one.startswith(f"{name}/")}
        if not expected and not inner.is_symlink() and not inner.exists():
            continue
        if inner.is_symlink() or not inner.is_dir():
            raise _error(inner, "it is no folder, but a link or something else")
        for path in sorted(inner.iterdir()):
            if path.name not in expected:
                raise _error(path, f"{SYSTEM} does not list it")
    for name, (sha256, size) in files.items():
        path = folder / name
        try:
            found = path.lstat()
        except OSError as error:
            raise _error(path, "it is missing") from error
        if not stat.S_ISREG(found.st_mode):
            raise _error(path, "it is no file, but a link or something else")
        if found.st_size != size:
            raise _error(path, f"it has {found.st_size} bytes and {SYSTEM} says {size}")
        _require_content(path, sha256, SYSTEM)


def _require_content(path: Path, sha256: str, says: str) -> None:
    def verify() -> None:
        if sha256_of(path) != sha256:
            raise _error(path, f"it is not the file that {says} names: its SHA-256 differs")

    verify_once([path], verify, against=sha256)


def _with_sonar(
    folder: Path, definition: SystemDefinition, public: list[PublicPart], sonar: Path | None
) -> SystemFiles:
    """The files with SONAR's: the folder's own, or the public ones with or without its decoder."""
    own = folder / SONAR_DECODER
    if not public:
        for name in (SONAR_DECODER, SONAR_TOKENIZER, SONAR_CARDS):
            if not (folder / name).is_file():
                raise _error(folder / name, "it is missing")
        _require_plain_cards(folder / SONAR_CARDS)
        return replace(definition.files, sonar=folder / SONAR_FOLDER)
    where = Path(sonar or PUBLIC_SONAR)
    for part in public:
        path = where / part.file
        if not path.is_file():
            raise UserError(
                f"The system in {folder} uses SONAR's public {part.file}, which is not in {where}; "
                f"fetch it with: sonar-sign fetch_model --name {part.name} --output {path}, or "
                "give the folder that has it with --sonar."
            )
        _require_content(path, part.sha256, f"{folder / SYSTEM}")
    return replace(definition.files, sonar=where, sonar_decoder=own if own.is_file() else None)


def _require_plain_cards(path: Path) -> None:
    """Asset cards are small, and repeat nothing by YAML's references, which grow without end."""
    import yaml

    if path.stat().st_size > MAX_CARDS_BYTES:
        raise _error(path, f"it has more than {MAX_CARDS_BYTES} bytes")
    try:
        events = list(yaml.parse(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise _error(path, "it is no YAML") from error
    if any(getattr(event, "anchor", None) for event in events):
        raise _error(path, "it refers to itself")
