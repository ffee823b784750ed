"""Asks SLURM, before anything is submitted, whether the jobs can start at all."""

import getpass
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.operations.cluster import longest_runtime, resources_of

PROGRAMS = ("sbatch", "squeue", "sinfo", "scontrol", "srun")
# The executor relies on squeue if SLURM remembers finished jobs for at least three times the
# profile's waiting time before it first asks.
MIN_JOB_AGE_S = 60


@dataclass(frozen=True)
class Partition:
    """A queue of the cluster."""

    name: str
    is_default: bool
    max_minutes: float
    gpus: tuple[str, ...]
    """The models of GPUs in its nodes; `gpu` for one without a name."""


def check_slurm(
    cluster: Mapping[str, Any], attempts: Mapping[str, int], *, gpus: bool = True
) -> None:
    """Refuse a run whose jobs would wait in the queue for ever, or whose first job would fail.

    Args:
        cluster: the config's section.
        attempts: by rule whose jobs may run, how often a job is tried at most.
        gpus: False where the config says that nothing runs on a GPU.

    Raises:
        UserError: a program of SLURM is missing; SLURM does not answer; the partition, the account
            or the GPU does not exist; or the partition ends jobs too early.
    """
    for program in PROGRAMS:
        if shutil.which(program) is None:
            raise UserError(
                f"The profile slurm needs SLURM, but {program} is not on the PATH; run this on a "
                "login node of the cluster, or load SLURM's module."
            )
    partitions = _partitions()
    for rule in sorted(attempts):
        asked = resources_of(rule, cluster, lambda *_: 0.0, gpus=gpus)
        name = asked.get("slurm_partition")
        key = "gpu_partition" if asked["gpu"] and cluster["gpu_partition"] else "partition"
        partition = _find(partitions, name, key)
        minutes = longest_runtime(rule, cluster, attempts[rule])
        if minutes > partition.max_minutes:
            raise UserError(
                f"Partition {partition.name} ends jobs after {partition.max_minutes:g} minutes, "
                f"and {rule} asks for up to {minutes}; set cluster.max_runtime or "
                f"cluster.rules.{rule}.runtime to at most {partition.max_minutes:g}."
            )
        if asked["gpu"]:
            _require_gpu(partition, cluster["gpu_model"], rule)
    if cluster["account"] is not None:
        _require_account(str(cluster["account"]))
    _require_known_ends()


def _partitions() -> list[Partition]:
    """All partitions; `sinfo` prints a line per kind of node in a partition."""
    found: dict[str, Partition] = {}
    for line in _ask("sinfo", "--noheader", "--format=%P|%l|%G").splitlines():
        name, limit, gres = line.strip().split("|", 2)
        plain = name.rstrip("*")
        before = found[plain].gpus if plain in found else ()
        kinds = tuple(dict.fromkeys((*before, *_gpus(gres))))
        found[plain] = Partition(plain, name.endswith("*"), minutes_of(limit), kinds)
    return list(found.values())


def _find(partitions: list[Partition], name: Any, key: str) -> Partition:
    names = ", ".join(partition.name for partition in partitions)
    for partition in partitions:
        if partition.is_default if name is None else partition.name == str(name):
            return partition
    if name is None:
        raise UserError(
            f"This cluster has no default partition; set cluster.{key} to one of {names}."
        )
    raise UserError(
        f"In the config: cluster.{key} is {name}, which this cluster does not have; it has {names}."
    )


def _gpus(gres: str) -> list[str]:
    """The models of GPUs in a text such as `gpu:a100:4(S:0-1),nvme:1`."""
    named = re.findall(r"(?:^|,)gpu(?::([A-Za-z_][^:,(]*))?", gres)
    return [kind or "gpu" for kind in named]


def _require_gpu(partition: Partition, model: str | None, rule: str) -> None:
    if not partition.gpus:
        raise UserError(
            f"Partition {partition.name} has no GPUs, and {rule} asks for one; set "
            f"cluster.gpu_partition, or cluster.rules.{rule}.gpus to 0."
        )
    if model is not None and model not in partition.gpus:
        raise UserError(
            f"In the config: cluster.gpu_model is {model}, which partition {partition.name} does "
            f"not have; it has {', '.join(partition.gpus)}."
        )


def _require_account(account: str) -> None:
    # Without accounting SLURM accepts any account.
    command = ["sacctmgr", "-n", "-P", "show", "assoc", f"user={getpass.getuser()}"]
    try:
        done = subprocess.run([*command, "format=account"], capture_output=True, text=True)
    except OSError:
        return
    accounts = sorted(set(done.stdout.split())) if done.returncode == 0 else []
    if accounts and account.lower() not in accounts:
        raise UserError(
            f"In the config: cluster.account is {account}, but you may use {', '.join(accounts)}."
        )


def _require_known_ends() -> None:
    """Refuse a SLURM that does not record how jobs ended: a run would wait for ever."""
    settings = dict(
        re.findall(r"^(\w+)\s*= (.*?)\s*$", _ask("scontrol", "show", "config"), re.MULTILINE)
    )
    age = int((re.match(r"\d+", settings.get("MinJobAge", "")) or ["300"])[0])
    storage = settings.get("AccountingStorageType", "")
    # Older versions write accounting_storage/none, newer ones (null).
    if age < MIN_JOB_AGE_S and (storage.endswith("none") or storage == "(null)"):
        raise UserError(
            f"This SLURM forgets finished jobs after {age} s and keeps no accounting records, so "
            f"nobody can tell how a job ended; MinJobAge must be at least {MIN_JOB_AGE_S} s."
        )


def minutes_of(limit: str) -> float:
    """SLURM's `D-HH:MM:SS`, `HH:MM:SS`, `MM:SS` or `infinite` in minutes."""
    if limit in ("infinite", "n/a", "UNLIMITED"):
        return float("inf")
    days, _, clock = limit.rpartition("-")
    parts = [int(part) for part in clock.split(":")]
    parts = [0] * (3 - len(parts)) + parts
    return int(days or 0) * 1440 + parts[0] * 60 + parts[1] + parts[2] / 60


def _ask(*command: str) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=60, env={**os.environ, "LC_ALL": "C"}
        )
    except subprocess.TimeoutExpired:
        raise UserError(
            f"SLURM did not answer {command[0]} in a minute; try again later."
        ) from None
    if done.returncode:
        said = " ".join(done.stderr.split())[:300]
        raise UserError(f"SLURM does not answer: {command[0]} says {said!r}.")
    return done.stdout
