"""How good systems are at sentences that need what was signed before them, with intervals.

Which they are says the manifest's column `needs_context`. The difference between two systems on
them is what reading the sentences before is worth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from sonar_sign.evaluation.resampling import Resampling
from sonar_sign.evaluation.seeds import MetricOverSeeds, SystemRuns

COLUMN = "needs_context"
METRIC = "bleu_4"
# By value of the column.
GROUPS = {"1": "needs a sentence before", "0": "stands alone"}


def by_need_of_context(
    systems: Mapping[str, SystemRuns], rows: Sequence[Mapping[str, str]], seed: int
) -> dict[str, Any] | None:
    """BLEU-4 of every system where a sentence before is needed, and where none is.

    Args:
        rows: columns of the manifest, of each clip in order.
        seed: of the draws.

    Returns:
        By group, `n` clips, `systems`: a value by name, `intervals`: `low` and `high`, or
        `no_interval`, by name, and `significance` of every two systems. None where the column is
        not there, or empty for a clip.
    """
    needs = np.array([row.get(COLUMN, "") for row in rows])
    if not np.isin(needs, [*GROUPS]).all():
        return None
    groups = ((name, np.flatnonzero(needs == value)) for value, name in GROUPS.items())
    return {name: _group(systems, at, seed) for name, at in groups if len(at)}


def _group(systems: Mapping[str, SystemRuns], at: np.ndarray, seed: int) -> dict[str, Any]:
    sources = next(iter(systems.values())).first.clips.sources
    resampling = Resampling([sources[clip] for clip in at], seed)
    metrics = {name: _part(system.metrics[METRIC], at) for name, system in systems.items()}
    return {
        "n": len(at),
        "systems": {name: metric.value for name, metric in metrics.items()},
        "intervals": {name: _interval(metric, resampling) for name, metric in metrics.items()},
        "significance": [
            {"systems": [first, second], "test": t.test, "difference": t.difference, "p": t.p}
            for first, second in combinations(metrics, 2)
            for t in resampling.tests(metrics[first], metrics[second])
        ],
    }


def _part(metric: MetricOverSeeds, at: np.ndarray) -> MetricOverSeeds:
    """A metric on some of the clips."""
    return MetricOverSeeds(
        {seed: replace(run, statistics=run.statistics[at]) for seed, run in metric.by_seed.items()}
    )


def _interval(metric: MetricOverSeeds, resampling: Resampling) -> dict[str, Any]:
    found = resampling.interval(metric, (0.0, 100.0))
    return {"no_interval": found} if isinstance(found, str) else vars(found)
