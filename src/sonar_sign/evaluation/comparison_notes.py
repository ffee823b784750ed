"""What a reader must know before quoting a number of a comparison."""

from collections.abc import Callable
from typing import Any

from sonar_sign.core.wording import first_few
from sonar_sign.evaluation.floors import CAPTION, FLOORS, FROM_TRAINING
from sonar_sign.metrics.base import Metric
from sonar_sign.metrics.registry import FURTHER, METRICS

# Columns of settings in a comparison's first table.
MAX_SETTINGS = 8


def notes(comparison: dict[str, Any]) -> list[str]:
    """How the numbers were made and what limits them, one sentence or two per note."""
    return [
        f"{comparison['n_clips']} clips; percentages, where nothing else is said.",
        *_of_metrics(comparison),
        *_of_speed(comparison),
        *_of_settings(comparison),
        *_of_resampling(comparison),
        *_of_floors(comparison),
        *_of_training(comparison),
        *_of_empty_texts(comparison),
        *_of_calibration(comparison),
        *comparison["inputs"],
    ]


def _of_metrics(comparison: dict[str, Any]) -> list[str]:
    """What each metric that was computed says of itself."""
    known = {name for scores in comparison["systems"].values() for name in scores}
    found = []
    for name, metric in METRICS.items():
        if name in known:
            found += _of_provenance(comparison, metric)
            found += [metric.description] if metric.description else []
    return found


def _of_provenance(comparison: dict[str, Any], metric: Metric) -> list[str]:
    provenance = metric.provenance
    if provenance is None:
        return []
    key = provenance.key
    if key in comparison and not provenance.names_tokens:
        return [f"{provenance.sentence(comparison[key])}."]

    def made_by(about: dict[str, Any]) -> str | None:
        return about[key] if key else about[FURTHER].get(metric.name)

    return [
        f"{provenance.sentence(value)}{systems}."
        for value, systems in _grouped(comparison, made_by)
    ]


def _grouped(
    comparison: dict[str, Any], value_of: Callable[[dict[str, Any]], str | None]
) -> list[tuple[str, str]]:
    """(value, for which systems it holds; empty where for all); None is left out."""
    names: dict[str | None, list[str]] = {}
    for name, about in comparison["about"].items():
        names.setdefault(value_of(about), []).append(name)
    return [
        (value, "" if len(names) == 1 else f" ({', '.join(systems)})")
        for value, systems in names.items()
        if value is not None
    ]


def _of_speed(comparison: dict[str, Any]) -> list[str]:
    return [
        f"Milliseconds per clip: on {device}{systems}."
        for device, systems in _grouped(comparison, lambda about: about["device"])
    ]


def _of_settings(comparison: dict[str, Any]) -> list[str]:
    further = comparison["settings"]["differing"][MAX_SETTINGS:]
    found = []
    if further:
        found.append(
            f"The systems also differ in {first_few(further)}; comparison.json has all settings."
        )
    for name, about in comparison["about"].items():
        if about["differing_among_runs"]:
            keys = first_few(about["differing_among_runs"])
            found.append(f"{name}: its seeds differ in {keys} too.")
    return found


def of_videos(comparison: dict[str, Any]) -> list[str]:
    """What limits intervals and tests, where there are few source videos."""
    note = comparison["intervals"]["note"]
    return [f"{note[0].upper()}{note[1:]}."] if note else []


def _of_resampling(comparison: dict[str, Any]) -> list[str]:
    intervals = comparison["intervals"]
    if intervals["n_videos"] == 1:
        return [
            *of_videos(comparison),
            "With all clips from one source video nothing is known of other videos, and no test "
            "can find a difference (p = 1).",
        ]
    found = [
        f"Intervals: {intervals['samples']} bootstrap samples of {intervals['n_videos']} source "
        "videos. `*`: different from the first system of its language, p < 0.05 by paired "
        "bootstrap and by approximate randomisation.",
        *of_videos(comparison),
    ]
    if any("deviation" in scores["bleu_4"] for scores in comparison["systems"].values()):
        found.append(
            "Systems with several seeds: mean ± standard deviation over seeds. Their intervals and "
            "tests resample seeds too, and allow for there being few of them (Student's t)."
        )
    return found


def _of_floors(comparison: dict[str, Any]) -> list[str]:
    if not comparison["floors"]:
        return []
    caption = CAPTION[comparison["floors_from"]]
    kinds = "; ".join(
        f"{name.replace('_', ' ')}: {text.format(caption=caption)}" for name, text in FLOORS.items()
    )
    return [f"{of_floors(comparison)} {kinds[0].upper()}{kinds[1:]}."]


def of_floors(comparison: dict[str, Any]) -> str:
    """Where the texts of the floors come from."""
    if comparison["floors_from"] == FROM_TRAINING:
        return "Floors, from training captions."
    return (
        f"Floors, from {comparison['floors_from']}: no training captions were given (--training), "
        "so they have seen the answers and are higher than floors from training."
    )


def _of_training(comparison: dict[str, Any]) -> list[str]:
    """How many references are training captions too, and BLEU-4 without them."""
    seen = comparison["seen_in_training"]
    if seen is None:
        return []
    text = f"{seen['n']} references ({100 * seen['share']:.1f} %) stand in training word for word"
    unseen = {
        name: scores["bleu_4"]["unseen"]
        for name, scores in comparison["systems"].items()
        if "unseen" in scores["bleu_4"]
    }
    if not unseen:
        return [f"{text}."]
    values = ", ".join(f"{name} {value:.1f}" for name, value in unseen.items())
    return [f"{text}; BLEU-4 without them: {values}."]


def _of_calibration(comparison: dict[str, Any]) -> list[str]:
    if comparison.get("calibration", True):
        return []
    return [
        "How sure the systems were of their sentences is not known: the predictions have neither "
        "score nor cosine."
    ]


def _of_empty_texts(comparison: dict[str, Any]) -> list[str]:
    found = []
    for name, about in comparison["about"].items():
        for run in about["runs"]:
            if run["n_empty"]:
                seed = f", seed {run['seed']}" if len(about["runs"]) > 1 else ""
                found.append(f"{name}{seed}: {run['n_empty']} empty predictions, counted as zeros.")
        if about["n_empty_references"]:
            found.append(
                f"{name}: {about['n_empty_references']} empty references, with which no prediction "
                "can agree."
            )
    return found
