"""Config files laid over each other, and where each value is from.

A file may say `extends: OTHER.yaml`; it is then laid over that file, key by key. The files given
on the command line are laid over each other in their order, and what `--config` gives over all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.operations.yaml_files import extended_files, read_yaml

DEFAULT = "default"
COMMAND_LINE = "--config"
# Mappings that a later layer replaces as a whole: what they leave out is left out on purpose.
REPLACED = ("data", "seeds", "shards")
REPOSITORY_CONFIGS = Path(__file__).parents[3] / "config"


@dataclass(frozen=True)
class Layer:
    """The values of one file, or of the command line."""

    name: str
    values: Mapping[str, Any]


def read_layers(paths: Sequence[Path], overrides: Mapping[str, Any] | None = None) -> list[Layer]:
    """The files with what they extend, the lowest first, and the command line's values last.

    Raises:
        UserError: a file is missing or no YAML mapping, a key stands in it twice, or files extend
            each other in a circle.
    """
    layers = [layer for path in paths for layer in _with_extended(Path(path), ())]
    if overrides:
        layers.append(Layer(COMMAND_LINE, overrides))
    return layers


def merge(layers: Sequence[Layer]) -> tuple[dict[str, Any], dict[str, str]]:
    """One mapping of all layers, and by dotted key the name of the layer a value is from."""
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for layer in layers:
        values = _laid_over(values, layer.values, layer.name, "", origins)
    return values, origins


def laid_over(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`changes` over `base`, key by key."""
    return _laid_over(base, changes, "", "", {})


def extended(layer: Layer, folder: Path) -> list[Layer]:
    """A layer above the files that it extends, which lie in `folder` or in the repository."""
    values = dict(layer.values)
    below = [
        part
        for name in extended_files(values, layer.name)
        for part in _with_extended(_found(name, folder, layer.name), ())
    ]
    return [*below, Layer(layer.name, values)]


def _with_extended(path: Path, above: tuple[Path, ...]) -> list[Layer]:
    path = path.resolve()
    if path in above:
        raise UserError(f"{path} extends itself; take out one of the keys `extends`.")
    values = read_yaml(path)
    layers = []
    for name in extended_files(values, str(path)):
        layers += _with_extended(_found(name, path.parent, str(path)), (*above, path))
    return [*layers, Layer(str(path), values)]


def _found(name: str, folder: Path, by: str) -> Path:
    """The file that is extended: in a folder, or among the repository's."""
    for candidate in (folder / name, REPOSITORY_CONFIGS / name):
        if candidate.is_file():
            return candidate
    raise UserError(
        f"{by} extends {name}, which is neither in {folder} nor in the workflow's config/."
    )


def _laid_over(
    base: Mapping[str, Any],
    changes: Mapping[str, Any],
    name: str,
    prefix: str,
    origins: dict[str, str],
) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        where = f"{prefix}{key}"
        if where == "systems":
            value = systems_by_name(value)
            if isinstance(changes[key], list):
                merged[key] = {}
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        if both and key not in REPLACED:
            merged[key] = _laid_over(merged[key], value, name, f"{where}.", origins)
        elif value is None and key in merged and prefix in ("systems.", "trainings."):
            continue  # named again without a word: as before
        else:
            merged[key] = value
            _note(value, where, name, origins)
    return merged


def _note(value: Any, where: str, name: str, origins: dict[str, str]) -> None:
    """Write down where every leaf of a value is from."""
    for known in [key for key in origins if key == where or key.startswith(f"{where}.")]:
        del origins[known]
    if isinstance(value, Mapping) and value:
        for key, part in value.items():
            _note(part, f"{where}.{key}", name, origins)
    else:
        origins[where] = name


def systems_by_name(systems: Any) -> Any:
    """`systems` as a mapping: a list of names, or a name alone, describes nothing."""
    if isinstance(systems, list) and all(isinstance(name, str) for name in systems):
        twice = {name for name in systems if systems.count(name) > 1}
        if twice:
            raise UserError(f"In the config: systems names {min(twice)} twice.")
        return dict.fromkeys(systems)
    return systems
