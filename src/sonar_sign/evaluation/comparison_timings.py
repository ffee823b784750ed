"""`comparison.timings.json`: what predicting took, beside a comparison that is without times."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.evaluation.seeds import SystemRuns
from sonar_sign.translation.predictions import read_record
from sonar_sign.translation.run_timings import SUFFIX, read_timings

SPEED = "inference_ms_per_clip"
FILE_NAME = f"comparison{SUFFIX}"


def collect_timings(systems: Mapping[str, SystemRuns], paths: Sequence[Path]) -> dict[str, Any]:
    """By system, the mean over its seeds, and what was measured in each run.

    Args:
        paths: what `predict` wrote, of any of the runs.

    Raises:
        UserError: a file cannot be used, or is of no run that is compared.
    """
    by_run = {}
    for path in paths:
        one = read_timings(path)
        by_run[one.system, one.language, one.seed] = one, path
    found = {}
    for name, system in systems.items():
        keys = [tuple(run.record[k] for k in ("system", "language", "seed")) for run in system.runs]
        runs = [by_run.pop(key)[0] for key in keys if key in by_run]
        known = [one.inference_ms_per_clip for one in runs]
        mean = sum(known) / len(known) if known else None
        found[name] = {SPEED: mean, "runs": [asdict(one) for one in runs]}
    if by_run:
        one, path = next(iter(by_run.values()))
        raise UserError(
            f"{path} is of {one.system}, {one.language}, seed {one.seed}, which is not compared; "
            "leave it out."
        )
    return found


def with_timings(comparison: Mapping[str, Any], timings: Mapping[str, Any]) -> dict[str, Any]:
    """A comparison whose systems have their speed beside their scores."""
    systems = {
        name: {**scores, SPEED: {"value": timings.get(name, {}).get(SPEED)}}
        for name, scores in comparison["systems"].items()
    }
    return {**comparison, "systems": systems}


def read_timings_beside(comparison: Path) -> dict[str, Any]:
    """What was measured, by system; nothing where there is no such file.

    Raises:
        UserError: the file is damaged.
    """
    path = Path(comparison).with_suffix(SUFFIX)
    if not path.exists():
        return {}
    found = read_record(path, "The timings of the comparison")
    for one in found.values():
        value = one.get(SPEED) if isinstance(one, dict) else "nothing"
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise UserError(f"{path} was not written by compare; run compare again.")
    return found
