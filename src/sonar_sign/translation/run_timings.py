"""`predictions/{system}/{split}.timings.json`: what differs between two runs of the same config.

Time and memory are measured, so they stand in a file of their own: everything else that is made of
the same inputs is the same to the byte.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import write_json
from sonar_sign.translation.predictions import is_count, is_duration, is_word, read_record

SUFFIX = ".timings.json"


@dataclass(frozen=True)
class RunTimings:
    """What was measured while one run of a system predicted the clips of a split."""

    system: str
    language: str
    """FLORES code of the predictions."""
    seed: int
    device: str
    inference_ms_per_clip: float
    """Milliseconds, all stages."""
    timings_ms: Mapping[str, Any]
    """Mean, median and 95th percentile per clip, by stage."""
    cost: Mapping[str, Any]
    """`parameters`, `bytes_on_disk`, `peak_memory_gb`."""


def timings_beside(predictions: Path) -> Path:
    """The file of a table of predictions."""
    return Path(predictions).with_suffix(SUFFIX)


def write_timings(predictions: Path, timings: RunTimings) -> None:
    """Write the timings beside a table of predictions."""
    write_json(timings_beside(predictions), asdict(timings))


def read_timings(path: Path) -> RunTimings:
    """Read and check what `predict` measured.

    Raises:
        UserError: the file is missing, not JSON, or a key is missing or of the wrong kind.
    """
    record = read_record(path, "The timings of predictions")
    for key, holds in _KINDS.items():
        if key not in record:
            raise UserError(f"{path} has no {key!r}; predict again to write it anew.")
        if not holds(record[key]):
            raise UserError(f"{path}: {key!r} cannot be {record[key]!r}; predict again.")
    return RunTimings(**{key: record[key] for key in _KINDS})


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict)


_KINDS = {
    "system": is_word,
    "language": is_word,
    "seed": is_count,
    "device": is_word,
    "inference_ms_per_clip": is_duration,
    "timings_ms": _is_mapping,
    "cost": _is_mapping,
}
