"""The resources that each job requests from a batch system: the config's section `cluster`."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.wording import nearest
from sonar_sign.operations.memory import MARGIN, too_large

Asked = dict[str, int | str | Callable[..., int]]


def check_rule_names(cluster: Mapping[str, Any], rules: Collection[str]) -> None:
    """Refuse an unknown rule in `cluster.rules`: its resources would be ignored.

    Raises:
        UserError: naming the rule and the one that was probably meant.
    """
    for name in cluster["rules"]:
        if name not in rules:
            raise UserError(
                f"In the config: cluster.rules.{name} is not a rule; {nearest(name, rules)}."
            )


def resources_of(
    rule: str,
    cluster: Mapping[str, Any],
    measured_gb: Callable[[str, str], float],
    *,
    gpus: bool = True,
) -> Asked:
    """The resources of a rule's jobs, by Snakemake's names.

    Memory (MB) and time (minutes) grow with each attempt, because a job that was killed for too
    little of them is tried again. Time stops growing at `max_runtime`: SLURM would keep a job that
    asks for more in the queue for ever. Snakemake calls the functions with arguments by name.

    Args:
        measured_gb: the peak memory of a rule and a training (empty: none), for what the table
            leaves open.
        gpus: False where the config says that nothing runs on a GPU.
    """
    row = _row(rule, cluster)
    n_gpus = row.get("gpus", 0) if gpus else 0
    partition = cluster["partition"]
    longest = cluster["max_runtime"]

    def row_of(wildcards: Any) -> dict[str, Any]:
        return {**row, **cluster["trainings"].get(training_of(wildcards), {})}

    def mem_mb(wildcards: Any, attempt: int) -> int:
        return attempt * _mem_mb(rule, row_of(wildcards), training_of(wildcards), measured_gb)

    def runtime(wildcards: Any, attempt: int) -> int:
        minutes = row_of(wildcards)["runtime"] * attempt
        return minutes if longest is None else min(minutes, longest)

    def gpu(wildcards: Any) -> int:
        return row_of(wildcards).get("gpus", 0)

    def cores(wildcards: Any, threads: int) -> int:
        return threads * max(gpu(wildcards) if n_gpus else 0, 1)

    asked = {
        "mem_mb": mem_mb,
        "runtime": runtime,
        "gpu": gpu if n_gpus and cluster["trainings"] else n_gpus,
        "gpu_model": cluster["gpu_model"] if n_gpus else None,
        # One task for any number of GPUs: training starts a process per GPU itself.
        "cpus_per_task": cores,
        "nodes": 1,
        "slurm_partition": (cluster["gpu_partition"] or partition) if n_gpus else partition,
        "slurm_account": cluster["account"],
    }
    return {name: value for name, value in asked.items() if value is not None}


def _row(rule: str, cluster: Mapping[str, Any]) -> dict[str, Any]:
    """A rule's row of the table; the memory of others is that of rules without a row."""
    rules = cluster["rules"]
    own = {"mem_mb": None, **rules[rule]} if rule in rules else {}
    return {**cluster["others"], **own}


def _mem_mb(
    rule: str, row: Mapping[str, Any], training: str, measured_gb: Callable[[str, str], float]
) -> int:
    """The memory of the table, or else what was measured and a margin."""
    given = row.get("mem_mb")
    return math.ceil(measured_gb(rule, training) * MARGIN * 1000) if given is None else given


def tight_jobs(
    jobs: Iterable[Any],
    cluster: Mapping[str, Any],
    measured_gb: Callable[[str, str], float],
    machine_mb: int,
) -> list[str]:
    """A sentence for every step whose memory is more than the machine has.

    Args:
        jobs: Snakemake's; each has a `rule` and `wildcards`.
    """
    needs: dict[str, float] = {}
    for job in jobs:
        rule, training = job.rule.name, training_of(job.wildcards)
        row = {**_row(rule, cluster), **cluster["trainings"].get(training, {})}
        step = f"train {training}" if training else rule
        given = row.get("mem_mb")
        # Without the margin: what fits barely may go well.
        needs[step] = measured_gb(rule, training) if given is None else given / 1000
    return too_large(needs, machine_mb / 1000)


def cores_of(rule: str, cluster: Mapping[str, Any]) -> int | None:
    """The cores that `cluster.rules` gives a rule; None: those of the rule itself."""
    return cluster["rules"].get(rule, {}).get("cores")


def longest_runtime(rule: str, cluster: Mapping[str, Any], attempts: int) -> int:
    """The time in minutes that the last attempt of a rule's jobs asks for."""
    runtime = resources_of(rule, cluster, lambda *_: 0.0)["runtime"]
    assert callable(runtime)
    trainings = cluster["trainings"] if "train" in rule else ()
    return max(runtime(one, attempts) for one in (None, *map(_Wildcards, trainings)))


@dataclass(frozen=True)
class _Wildcards:
    """The wildcards of a training's job."""

    training: str


def training_of(wildcards: Any) -> str:
    """The training that a job is of, whatever its seed; empty for jobs of other rules."""
    return getattr(wildcards, "training", "").partition(".")[0]
