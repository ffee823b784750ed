"""The public files: where they are published, how large they are, and their hashes.

`registry.yaml` lists them. A site that has the files elsewhere, or others of the same layouts, can
name a YAML file of its own in the environment variable `SONAR_SIGN_REGISTRY`; its entries are laid
over those of `registry.yaml`.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from sonar_sign.core.errors import UserError
from sonar_sign.core.wording import nearest

REGISTRY = "SONAR_SIGN_REGISTRY"


@dataclass(frozen=True)
class PublicFile:
    """An entry of `registry.yaml`, which explains the fields."""

    file: str
    address: str
    size: int | None
    sha256: str | None
    verified: bool
    source: str
    compression: str | None = None


def registry() -> dict[str, PublicFile]:
    """All public files by name.

    Raises:
        UserError: the file that `SONAR_SIGN_REGISTRY` names cannot be read, or is none.
    """
    return _registry(os.environ.get(REGISTRY, ""))


def public_file(name: str) -> PublicFile:
    """One public file.

    Raises:
        UserError: there is none of that name; the nearest is named.
    """
    known = registry()
    if name not in known:
        raise UserError(f"There is no public file {name!r}: {nearest(name, known)}.")
    return known[name]


@cache
def _registry(further: str) -> dict[str, PublicFile]:
    text = resources.files(__package__).joinpath("registry.yaml").read_text(encoding="utf-8")
    entries = yaml.safe_load(text)
    for name, changes in (_read(Path(further)) if further else {}).items():
        if name not in entries:
            raise UserError(
                f"{further}: there is no public file {name!r}: {nearest(name, entries)}."
            )
        entries[name] |= _checked(changes, name, further)
    return {name: PublicFile(**entry) for name, entry in entries.items()}


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{path}, which {REGISTRY} names, cannot be read ({reason}).") from error
    if not isinstance(found, dict):
        raise UserError(f"{path}, which {REGISTRY} names, is no mapping of public files by name.")
    return found


def _checked(changes: Any, name: str, where: str) -> Mapping[str, Any]:
    known = [field.name for field in fields(PublicFile)]
    if not isinstance(changes, dict) or not all(isinstance(key, str) for key in changes):
        raise UserError(f"{where}: {name} must be a mapping of {', '.join(known)}.")
    for key, value in changes.items():
        if key not in known:
            raise UserError(f"{where}: {name}.{key} is not known; {nearest(key, known)}.")
        if not _fits(key, value):
            raise UserError(f"{where}: {name}.{key} cannot be {value!r}.")
    return changes


def _fits(key: str, value: Any) -> bool:
    if key == "verified":
        return isinstance(value, bool)
    if value is None:
        return key in ("size", "sha256", "compression")
    if key == "size":
        return isinstance(value, int) and not isinstance(value, bool) and value > 0
    if key == "sha256":
        return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None
    if key == "compression":
        return value == "bz2"
    return isinstance(value, str) and value != ""
