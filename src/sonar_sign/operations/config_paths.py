"""Paths in a config, each written in one way: a path that means the same makes nothing stale."""

import json
import os
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import unusable_character


def with_normal_paths(values: Mapping[str, Any]) -> dict[str, Any]:
    """A config with every path in its one spelling, see `normal_path`.

    Raises:
        UserError: naming the key whose path cannot be used.
    """
    changed = dict(values)
    for *parents, last in _keys(values):
        holder = changed
        for part in parents:
            holder[part] = dict(holder[part])
            holder = holder[part]
        holder[last] = _checked(".".join([*parents, last]), holder[last])
    return changed


def as_recorded(values: Mapping[str, Any]) -> dict[str, Any]:
    """A config with the paths that earlier runs have written down where they are the same place.

    Snakemake compares paths letter by letter: a corpus given by its place instead of by a link to
    it would be prepared and cropped again.
    """
    changed = dict(values)
    changed["corpus"] = _with_recorded_root(values["corpus"]["name"], values["corpus"])
    changed["further_corpora"] = {
        name: _with_recorded_root(name, one) for name, one in values["further_corpora"].items()
    }
    models = _record(values["corpus"]["name"]).get("settings", {}).get("models", {})
    changed["models"] = {
        name: _recorded(path, models.get(name)) for name, path in values["models"].items()
    }
    return changed


def _with_recorded_root(name: str, corpus: Mapping[str, Any]) -> dict[str, Any]:
    return {**corpus, "root": _recorded(corpus["root"], _record(name).get("root"))}


def _record(corpus: str) -> dict[str, Any]:
    """What `results_identity` has written; nothing where it has not, or cannot be read."""
    path = Path("results") / corpus / "identity.json"
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _recorded(path: Any, before: Any) -> Any:
    if isinstance(path, str) and isinstance(before, str) and path != before:
        try:
            return before if os.path.samefile(path, before) else path
        except (OSError, ValueError):
            return path
    return path


def normal_path(path: str) -> str:
    """One spelling of a path: relative below the current folder.

    `~`, `.`, `..`, doubled and trailing slashes go. Symbolic links stay, but for one before `..`:
    who moves a corpus and its link changes nothing in the config.
    """
    full = _as_written_on_disk(os.path.expanduser(path))
    plain = os.path.normpath(full)
    if os.path.realpath(plain) != os.path.realpath(full):
        plain = os.path.realpath(full)
    plain = f"/{plain.lstrip('/')}" if plain.startswith("/") else plain
    # A path below the current folder is relative, because a clone may be moved.
    whole = Path(os.path.normpath(Path.cwd() / plain))
    for folder in (whole, *whole.parents):
        if folder.exists() and folder.samefile("."):
            return str(whole.relative_to(folder))
    return plain


def _as_written_on_disk(path: str) -> str:
    """`é` is one character or two, which look alike: the form in which the path is there."""
    forms = [path, *(unicodedata.normalize(form, path) for form in ("NFC", "NFD"))]
    return next((form for form in forms if os.path.lexists(form)), path)


def _keys(values: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Where paths stand; addresses and what is missing are left out."""
    keys = [("corpus", "root")]
    keys += [("further_corpora", name, "root") for name in values["further_corpora"]]
    keys += [("models", name) for name in ("sign_hiera", "sign_encoder", "sonar")]
    keys += [("models", "fetch_from", name) for name in values["models"]["fetch_from"]]
    keys += [("evaluate", name) for name in ("nltk_data", "bleurt", "further_references")]
    for key in keys:
        value: Any = values
        for part in key:
            value = value[part]
        if isinstance(value, str) and "://" not in value:
            yield key


def _checked(key: str, path: str) -> str:
    where = f"In the config: {key}"
    if not path.strip():
        raise UserError(f"{where} is empty; give a path, or leave the key out.")
    if (character := unusable_character(path)) is not None:
        raise UserError(
            f"{where} holds the character U+{ord(character):04X}, which no path of a workflow can "
            "have; rename it."
        )
    if "{" in path or "}" in path:
        raise UserError(
            f"{where} {path} holds a brace, which Snakemake takes for one of its wildcards; "
            "rename it, or give a symbolic link to it (ln -s)."
        )
    try:
        return normal_path(path)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "its symbolic links go in a circle"
        raise UserError(f"{where} {path[:100]} cannot be used ({reason}); correct it.") from error
