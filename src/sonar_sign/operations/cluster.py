"""What each job asks a batch system for, from the config's section `cluster`."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.wording import nearest

Asked = dict[str, int | str | Callable[..., int]]


def check_rule_names(cluster: Mapping[str, Any], rules: Collection[str]) -> None:
    """Refuse a table that names a rule which is not there: what it says would be lost.

    Raises:
        UserError: naming the rule and the one that was probably meant.
    """
    for name in cluster["rules"]:
        if name not in rules:
            raise UserError(
                f"In the config: cluster.rules.{name} is not a rule; {nearest(name, rules)}."
            )


def resources_of(rule: str, cluster: Mapping[str, Any], *, gpus: bool = True) -> Asked:
    """What a rule's jobs ask for, by Snakemake's names of resources.

    Memory (MB) and time (minutes) grow with each attempt: as a job that was killed for want of
    them is tried again. Time stops growing at `max_runtime`, beyond which SLURM would keep a job
    in the queue for ever. Functions take what Snakemake gives them by name.

    Args:
        gpus: False where the config says that nothing runs on a GPU.
    """
    row = {**cluster["others"], **cluster["rules"].get(rule, {})}
    n_gpus = row.get("gpus", 0) if gpus else 0
    partition = cluster["partition"]
    longest = cluster["max_runtime"]

    def mem_mb(wildcards: Any, attempt: int) -> int:
        return row["mem_mb"] * attempt

    def runtime(wildcards: Any, attempt: int) -> int:
        wanted = row["runtime"] * attempt
        return wanted if longest is None else min(wanted, longest)

    def cores(wildcards: Any, threads: int) -> int:
        return threads * max(n_gpus, 1)

    asked = {
        "mem_mb": mem_mb,
        "runtime": runtime,
        "gpu": n_gpus,
        "gpu_model": cluster["gpu_model"] if n_gpus else None,
        # One task however many GPUs: it starts a process for each by itself.
        "cpus_per_task": cores,
        "nodes": 1,
        "slurm_partition": (cluster["gpu_partition"] or partition) if n_gpus else partition,
        "slurm_account": cluster["account"],
    }
    return {name: value for name, value in asked.items() if value is not None}


def cores_of(rule: str, cluster: Mapping[str, Any]) -> int | None:
    """How many cores the table gives a rule; None leaves what the rule says itself."""
    return cluster["rules"].get(rule, {}).get("cores")


def longest_runtime(rule: str, cluster: Mapping[str, Any], attempts: int) -> int:
    """The time, in minutes, that the last attempt of a rule's jobs asks for."""
    runtime = resources_of(rule, cluster)["runtime"]
    assert callable(runtime)
    return runtime(None, attempts)
