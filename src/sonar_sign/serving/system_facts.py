"""What is said about a system before anybody trusts it: its training and its test."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from sonar_sign.core.errors import UserError
from sonar_sign.translation.declared_systems import find_system, folder_of
from sonar_sign.translation.definitions import SystemDefinition
from sonar_sign.translation.predictions import read_record
from sonar_sign.translation.system_folders import is_system_folder

CARD, MAX_CARD_BYTES = "README.md", 1 << 20
BLEU_4 = "BLEU-4"


def facts_of(definition: SystemDefinition, results: Path | None) -> dict[str, Any]:
    """Name, languages, what the system was trained on, and its test BLEU-4 with its interval.

    What is not known is None.
    """
    return {
        "name": definition.name,
        "kind": definition.kind,
        "caption_language": definition.language,
        "drawn": definition.trained_on_drawings,
        "trained_on": _corpora(definition),
        "test": score_of(definition, results),
    }


def with_short_names(found: Sequence[SystemDefinition]) -> list[SystemDefinition]:
    """Systems with names of their own that say nothing about the folders of this machine."""
    names: list[str] = []
    for one in found:
        short = Path(one.name).name or one.name
        names.append(next(n for n in _numbered(short) if n not in names))
    return [replace(one, name=name) for one, name in zip(found, names, strict=True)]


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name} ({number})" for number in count(2))


def results_folder(definition: SystemDefinition, results: Path | None) -> Path | None:
    """The results folder of a workflow that made a system; None for others.

    A system of the same name with other files, such as an exported one, is another system.
    """
    try:
        folder = folder_of(definition.name, results)
        declared = find_system(definition.name, results)
    except UserError:
        return None
    pairs = [
        (getattr(definition.files, one.name), getattr(declared.files, one.name))
        for one in fields(declared.files)
    ]
    same = all(ours == theirs or _is_same(ours, theirs) for ours, theirs in pairs)
    return folder if same else None


def _is_same(one: Path | None, other: Path | None) -> bool:
    return one is not None and other is not None and one.resolve() == other.resolve()


def _corpora(definition: SystemDefinition) -> list[dict[str, Any]] | None:
    """Corpora and numbers of clips of all trainings, as the checkpoints say."""
    from sonar_sign.translation.system import components_of

    files = definition.files
    components = components_of(files.sign_hiera, files.sign_encoder, files.landmark_model)
    found: dict[str, int] = {}
    for component in components.values():
        for name, corpus in ((component or {}).get("corpora") or {}).items():
            found[str(name)] = max(found.get(str(name), 0), int(corpus.get("clips", 0)))
    return [{"name": name, "clips": clips} for name, clips in found.items()] or None


def score_of(definition: SystemDefinition, results: Path | None) -> dict[str, Any] | None:
    """BLEU-4 on the test split with its interval, clips and corpus; None: not known."""
    folder = results_folder(definition, results)
    if folder is not None:
        return _test_of_results(definition.name, folder)
    models = definition.files.sign_encoder or definition.files.landmark_model
    exported = models.parent.parent
    try:
        return _test_of_card(exported / CARD) if is_system_folder(exported) else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, yaml.YAMLError):
        return None  # a card that somebody has rewritten


def _test_of_results(name: str, folder: Path) -> dict[str, Any] | None:
    metrics = _read(folder / "metrics" / f"{name}.json")
    if not isinstance(metrics.get("bleu_4"), int | float):
        return None
    systems = _read(folder / "comparison.json").get("systems") or {}
    interval = (systems.get(name) or {}).get("bleu_4") or {}
    return {
        "bleu_4": round(metrics["bleu_4"], 1),
        "low": _rounded(interval.get("low")),
        "high": _rounded(interval.get("high")),
        "n_clips": metrics.get("n_clips"),
        "corpus": folder.name,
    }


def _test_of_card(path: Path) -> dict[str, Any] | None:
    """The first language's BLEU-4 in the front matter of a model card."""
    with path.open(encoding="utf-8") as file:
        text = file.read(MAX_CARD_BYTES)
    front_matter = text.removeprefix("---\n").partition("\n---")[0]
    result = yaml.safe_load(front_matter)["model-index"][0]["results"][0]
    bleu = next((one for one in result["metrics"] if one["name"] == BLEU_4), None)
    if bleu is None:
        return None
    low, high = bleu.get("args", {}).get("confidence_interval_95", (None, None))
    # "into eng_Latn, 104 clips"
    n_clips = next((int(word) for word in result["dataset"]["config"].split() if word.isdigit()), 0)
    return {
        "bleu_4": round(bleu["value"], 1),
        "low": _rounded(low),
        "high": _rounded(high),
        "n_clips": n_clips,
        "corpus": str(result["dataset"]["name"]),
    }


def _read(path: Path) -> dict[str, Any]:
    """A record that may not be there yet."""
    try:
        return read_record(path, "The record") if path.is_file() else {}
    except UserError:
        return {}


def _rounded(value: Any) -> float | None:
    return round(value, 1) if isinstance(value, int | float) else None
