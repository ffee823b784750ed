"""A system that was trained with several seeds: its runs, and each metric's mean over them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import stdev

import numpy as np

from sonar_sign.core.errors import UserError
from sonar_sign.evaluation.system_scores import SystemScores
from sonar_sign.metrics.base import MetricStatistics

Seed = int | None  # None: not known, of predictions that somebody else made


@dataclass(frozen=True)
class MetricOverSeeds:
    """One metric of one system, with the statistics of each seed on the same clips."""

    by_seed: Mapping[Seed, MetricStatistics]
    """In the order of the seeds."""

    @property
    def values(self) -> dict[Seed, float]:
        """The metric on all clips, by seed."""
        return {seed: metric.value for seed, metric in self.by_seed.items()}

    @property
    def value(self) -> float:
        """Mean over seeds of the metric on all clips."""
        return _mean([*self.values.values()])

    @property
    def deviation(self) -> float | None:
        """Standard deviation over seeds (n - 1 in the denominator); None of a single one."""
        return stdev(self.values.values()) if len(self.by_seed) > 1 else None


@dataclass(frozen=True)
class SystemRuns:
    """One system in one language: a run per seed, all on the same clips."""

    by_seed: Mapping[Seed, SystemScores]
    """In the order of the seeds."""

    @property
    def first(self) -> SystemScores:
        """The run with the lowest seed: what is the same for all is read from it."""
        return next(iter(self.by_seed.values()))

    @property
    def runs(self) -> list[SystemScores]:
        """The run of each seed."""
        return [*self.by_seed.values()]

    @property
    def language(self) -> str:
        """FLORES code of the predictions."""
        return self.first.record["language"]

    @property
    def metrics(self) -> dict[str, MetricOverSeeds]:
        """By name, every metric that all runs have."""
        return {
            name: MetricOverSeeds({seed: run.metrics[name] for seed, run in self.by_seed.items()})
            for name in self.first.metrics
            if all(name in run.metrics for run in self.runs)
        }

    def subset(self, rows: np.ndarray) -> dict[str, float]:
        """Every metric on some of the clips, mean over seeds, by name."""
        values = [run.subset(rows) for run in self.runs]
        return {
            name: _mean([of_run[name] for of_run in values])
            for name in values[0]
            if all(name in of_run for of_run in values)
        }


def group_runs(runs: Sequence[SystemScores], language: str) -> dict[str, SystemRuns]:
    """Systems by name, in the order of their first run; the runs of one system by seed.

    A system's name has its language at the end (`finetuned.ita_Latn`) where that is not
    `language`.

    Raises:
        UserError: two runs are of the same system, language and seed.
    """
    groups: dict[tuple[str, str], dict[Seed, SystemScores]] = {}
    for run in runs:
        key = run.record["system"], run.record["language"]
        seed = run.record["seed"]
        other = groups.setdefault(key, {}).setdefault(seed, run)
        if other is not run:
            raise UserError(
                f"{other.file} and {run.file} are both of system {key[0]!r}, language {key[1]}, "
                f"{_seed(seed)}; leave one of them out, or name its system differently (NAME=FILE)."
            )
    found: dict[str, SystemRuns] = {}
    for (system, own_language), by_seed in groups.items():
        name = system if own_language == language else f"{system}.{own_language}"
        if name in found:
            raise UserError(f"Two systems would both be called {name!r}; rename one of them.")
        found[name] = SystemRuns(dict(sorted(by_seed.items(), key=_rank)))
    return found


def split_seed(name: str) -> tuple[str, int | None]:
    """`stage2.seed3` as (`stage2`, 3); a name without a seed at its end as it is, with None."""
    head, _, last = name.rpartition(".seed")
    return (head, int(last)) if head and last.isdecimal() else (name, None)


def _rank(item: tuple[Seed, SystemScores]) -> tuple[bool, int]:
    seed = item[0]
    return seed is not None, seed or 0


def _seed(seed: Seed) -> str:
    return "no seed" if seed is None else f"seed {seed}"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
