"""What a checkpoint says about how it was made: `metadata` in the file, plain values only."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sonar_sign import __version__
from sonar_sign.core.files import sha256_of
from sonar_sign.core.settings import defaults_of
from sonar_sign.models.model_files import read_metadata
from sonar_sign.training.mix import CorpusClips

# Packages whose versions can change a result.
PACKAGES = (
    "torch",
    "lightning",
    "transformers",
    "numpy",
    "sentencepiece",
    "fairseq2",
    "sonar-space",
)


def effective_settings(*options: Any, **groups: Any) -> dict[str, Any]:
    """Settings by their keys in the config, with dots: `epochs`, `losses.mse`.

    Args:
        options: instances of options whose fields are keys of the training itself.
        groups: instances of options, or values by name, by the key that they stand under;
            or single values.
    """
    found = {name: value for one in options for name, value in defaults_of(one).items()}
    for key, group in groups.items():
        if is_dataclass(group):
            group = defaults_of(group)
        if isinstance(group, Mapping):
            found |= {f"{key}.{name}": value for name, value in group.items()}
        else:
            found[key] = group
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> Any:
    # `IntOrAuto` is no exact int, which a file of plain values must hold.
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return int(value) if is_number else value


def describe_corpora(corpora: Sequence[CorpusClips]) -> dict[str, dict[str, Any]]:
    """By name: training clips, weight, share if it is a part, and the hash of their captions."""
    return {
        clips.corpus.name: {
            "clips": len(clips.numbers),
            "weight": clips.corpus.weight,
            **({"share": clips.corpus.share} if clips.corpus.share < 1 else {}),
            "captions_sha256": clips.captions_sha256,
        }
        for clips in corpora
    }


def describe_parents(
    models: Mapping[str, Path], encoder_sha256: str | None = None
) -> dict[str, dict[str, Any]]:
    """The checkpoints that a training reads, by role, with their own metadata.

    Args:
        models: checkpoints by role.
        encoder_sha256: recorded in the features of a training on features; then the role
            `features` may be missing in `models`, and only its hash is known.
    """
    found = {
        role: {"sha256": sha256_of(path), "metadata": read_metadata(path) or None}
        for role, path in models.items()
    }
    if encoder_sha256 is not None:
        found.setdefault("features", {"sha256": encoder_sha256, "metadata": None})
    return found


def versions() -> dict[str, str]:
    """Versions of Python, of this package and of the packages that it trains with."""
    found = {"python": platform.python_version(), "sonar-sign": __version__}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue  # SONAR's packages are needed for its text models only
    return found
