"""What jobs ask for; apart from `options`, which holds the settings of the steps."""

from dataclasses import dataclass
from typing import Annotated

from sonar_sign.core.bounds import between, matching


@dataclass(frozen=True)
class ClusterOptions:
    """What jobs ask a batch system for."""

    account: Annotated[str | None, "Account that jobs are charged to."] = None
    partition: Annotated[str | None, "Queue of jobs without a GPU; null: the default one."] = None
    gpu_partition: Annotated[str | None, "Queue of jobs with GPUs; null: the same."] = None
    gpu_model: Annotated[
        str | None, "Kind of GPU, as sinfo -o %G writes it.", matching("[A-Za-z0-9_.]+")
    ] = None
    max_runtime: Annotated[
        int | None, "Longest time that a job may ask for, in minutes.", between(1, 525_600)
    ] = None


@dataclass(frozen=True)
class JobOptions:
    """What a job of one rule asks for in its first attempt."""

    mem_mb: Annotated[
        int | None,
        "Memory in MB, times the number of the attempt; null: what was measured, and a tenth.",
        between(1, 16_777_216),
    ] = None
    runtime: Annotated[int, "Minutes, times the number of the attempt.", between(1, 525_600)] = 60
    gpus: Annotated[int, "GPUs, all on one node.", between(0, 64)] = 0
    cores: Annotated[
        int | None, "Cores, in batch systems only; null: the rule's threads.", between(1, 4096)
    ] = None
