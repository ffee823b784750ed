"""Metrics files that are compared: whole, of one evaluation, and with numbers for every clip."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sonar_sign.core.errors import UserError
from sonar_sign.core.strict_json import parse_json
from sonar_sign.core.text_files import read_text
from sonar_sign.evaluation.comparable import SHARED
from sonar_sign.evaluation.system_scores import SystemScores, clips_sha256, read_system_scores
from sonar_sign.metrics.registry import DECIMALS, FURTHER, keys_of_tokens, provenance_keys

# What a comparison keeps of each system's metrics file, beside SHARED and the metrics.
ABOUT = (
    "system",
    "language",
    *provenance_keys("none"),
    FURTHER,
    *(key for key in provenance_keys("language") if key != FURTHER),
    "references_sha256",
    *sorted(keys_of_tokens()),
    "n_empty",
    "n_empty_references",
    "seed",
    "checkpoint_sha256",
    "device",
    "versions",
)


def is_metrics(path: Path) -> bool:
    """Whether a `.json` file is what `evaluate` writes; it may hold predictions instead."""
    if path.suffix != ".json":
        return False
    try:
        record = parse_json(read_text(path, "A metrics file"))
    except ValueError:
        return True  # which the reader of metrics files refuses
    return isinstance(record, dict) and "system" in record


def read_metrics(path: Path) -> SystemScores:
    """What `evaluate` wrote, checked as far as a comparison relies on it.

    Raises:
        UserError: a file is missing or malformed, lacks a key, has a value of another kind, or the
            statistics are not those of the metrics file.
    """
    scores = read_system_scores(path)
    missing = [key for key in (*SHARED, *ABOUT) if key not in scores.record]
    if missing:
        raise UserError(f"{path} lacks {', '.join(missing)}; evaluate again to write it anew.")
    for key, holds in _KINDS.items():
        value = scores.record.get(key)
        if not holds(value):
            raise UserError(f"{path}: {key!r} cannot be {value!r}; evaluate again.")
    _check_statistics(path, scores)
    return scores


def require_finite(run: SystemScores) -> None:
    """Refuse statistics that are no numbers: NaN would be neither better nor worse than any.

    Raises:
        UserError: naming the file and the metric.
    """
    for name, metric in run.metrics.items():
        try:
            is_number = bool(np.isfinite(metric.statistics).all()) and math.isfinite(metric.value)
        except (IndexError, TypeError, ValueError):
            is_number = False
        if not is_number:
            raise UserError(
                f"{run.file}: the metric {name} is not a number for every clip; evaluate again."
            )


def _check_statistics(path: Path, scores: SystemScores) -> None:
    clips, record = scores.clips, scores.record
    columns = (clips.clip_ids, clips.sources, clips.references, clips.predictions)
    lengths = {len(column) if isinstance(column, list) else None for column in columns}
    lengths |= {len(np.atleast_1d(metric.statistics)) for metric in scores.metrics.values()}
    require_finite(scores)
    differs = lengths != {record["n_clips"]} or clips_sha256(clips.clip_ids) != record[_CLIPS]
    for name, metric in scores.metrics.items():
        value = record.get(name)
        differs |= not _is_number(value) or abs(value - metric.value) > 10**-DECIMALS
    if differs:
        raise UserError(
            f"{path.with_suffix('.npz')} has the statistics of another evaluation than {path}; "
            "evaluate again."
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != "" and value.isprintable()


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _or_none(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or holds(value)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_mapping_of_mappings(value: Any) -> bool:
    return _is_mapping(value) and all(one is None or _is_mapping(one) for one in value.values())


_CLIPS = "clips_sha256"
_KINDS: dict[str, Callable[[Any], bool]] = {
    "system": _is_name,
    "language": _is_name,
    "n_clips": _is_count,
    "n_empty": _is_count,
    "n_empty_references": _is_count,
    "seed": _or_none(_is_count),
    "components": _or_none(_is_mapping_of_mappings),
    "decoding": _or_none(_is_mapping),
    FURTHER: _is_mapping,
}
