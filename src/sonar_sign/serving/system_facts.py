"""What is said about a system before anybody trusts it: its training and its test."""

from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.translation.declared_systems import folder_of
from sonar_sign.translation.definitions import SystemDefinition
from sonar_sign.translation.predictions import read_record


def facts_of(definition: SystemDefinition, results: Path | None) -> dict[str, Any]:
    """Name, languages, what the system was trained on, and its test BLEU-4 with its interval.

    What is not known is None.
    """
    record: dict[str, Any] = {
        "name": definition.name,
        "kind": definition.kind,
        "caption_language": definition.language,
        "drawn": definition.trained_on_drawings,
        "trained_on": None,
        "test": None,
    }
    folder = results_folder(definition, results)
    if folder is not None:
        metrics = _read(folder / "metrics" / f"{definition.name}.json")
        record["trained_on"] = _corpora(metrics)
        record["test"] = _test(definition.name, metrics, _read(folder / "comparison.json"))
        record["test"] = record["test"] and {**record["test"], "corpus": folder.name}
    return record


def results_folder(definition: SystemDefinition, results: Path | None) -> Path | None:
    """The results folder of a system that a workflow has built; None for others."""
    if definition.name == "public":
        return None
    try:
        return folder_of(definition.name, results)
    except UserError:
        return None


def _read(path: Path) -> dict[str, Any]:
    """A record that may not be there yet."""
    try:
        return read_record(path, "The record") if path.is_file() else {}
    except UserError:
        return {}


def _corpora(metrics: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Corpora and numbers of clips of all trainings of a system."""
    found: dict[str, int] = {}
    for component in (metrics.get("components") or {}).values():
        for name, corpus in ((component or {}).get("corpora") or {}).items():
            found[name] = max(found.get(name, 0), int(corpus.get("clips", 0)))
    return [{"name": name, "clips": clips} for name, clips in found.items()] or None


def _test(name: str, metrics: dict[str, Any], comparison: dict[str, Any]) -> dict[str, Any] | None:
    if not isinstance(metrics.get("bleu_4"), int | float):
        return None
    interval = ((comparison.get("systems") or {}).get(name) or {}).get("bleu_4") or {}
    return {
        "bleu_4": round(metrics["bleu_4"], 1),
        "low": _rounded(interval.get("low")),
        "high": _rounded(interval.get("high")),
        "n_clips": metrics.get("n_clips"),
    }


def _rounded(value: Any) -> float | None:
    return round(value, 1) if isinstance(value, int | float) else None
