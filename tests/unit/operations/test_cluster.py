"""What jobs ask for: the table, its growth, and its mistakes."""

import copy
from dataclasses import dataclass

import pytest
from small_files import REPOSITORY

from sonar_sign.core.errors import UserError
from sonar_sign.operations.cluster import (
    check_rule_names,
    cores_of,
    longest_runtime,
    resources_of,
    tight_jobs,
)
from sonar_sign.operations.config import load_config

CLUSTER = load_config([REPOSITORY / "config/config.yaml"]).values["cluster"]


def cluster(**changes):
    return {**copy.deepcopy(CLUSTER), **changes}


def asked(rule, table, attempt=1, threads=1, gpus=True):
    """What Snakemake makes of it for one job."""
    values = resources_of(rule, table, lambda rule, training: 2.0, gpus=gpus)
    given = {"attempt": attempt, "threads": threads}
    made = {}
    for name, value in values.items():
        if callable(value):
            names = value.__code__.co_varnames[1 : value.__code__.co_argcount]
            value = value(None, **{key: given[key] for key in names})
        made[name] = value
    return made


def test_memory_and_time_grow_with_the_attempt():
    table = cluster(rules={"crop": {"mem_mb": 500, "runtime": 30}})
    first, third = asked("crop", table), asked("crop", table, attempt=3)
    assert (first["mem_mb"], first["runtime"]) == (500, 30)
    assert (third["mem_mb"], third["runtime"]) == (1500, 90)


def test_memory_that_the_table_leaves_open_is_what_was_measured():
    """And a tenth more, because the next corpus has longer clips."""
    assert asked("crop", cluster(rules={}))["mem_mb"] == 2200
    assert asked("crop", cluster(rules={}), attempt=2)["mem_mb"] == 4400
    # A value for others is none for a rule with a row of its own.
    table = cluster(others={"mem_mb": 700, "runtime": 7}, rules={"crop": {"runtime": 9}})
    assert asked("crop", table)["mem_mb"] == 2200 and asked("sample", table)["mem_mb"] == 700
    table = cluster(trainings={"small": {"mem_mb": 3}})
    mem_mb = resources_of("train", table, lambda rule, training: 2.0)["mem_mb"]
    assert mem_mb(Wildcards("small.seed3"), attempt=1) == 3
    assert mem_mb(Wildcards("large"), attempt=1) == 2200


@dataclass(frozen=True)
class Wildcards:
    training: str = ""


@dataclass(frozen=True)
class Rule:
    name: str


@dataclass(frozen=True)
class Job:
    """What Snakemake knows of a job."""

    rule: Rule
    wildcards: Wildcards = Wildcards()


def test_jobs_that_do_not_fit_are_told_once_each():
    needed = {"stage2": 17.0, "stage1": 9.0}
    jobs = [Job(Rule("crop")), Job(Rule("crop"))]
    jobs += [Job(Rule("train"), Wildcards(name)) for name in ("stage1", "stage2", "stage2.seed2")]

    def told(machine_mb, **table):
        def measured(rule, training):
            return needed.get(training, 0.3)

        return tight_jobs(jobs, cluster(**table), measured, machine_mb)

    assert told(16_000) == ["train stage2 needs 17 GB of memory, this machine has 16."]
    assert [text.split()[1] for text in told(8_000)] == ["stage2", "stage1"]
    assert told(32_000) == []
    assert told(16_000, trainings={"stage2": {"mem_mb": 15_000}}) == []


def test_time_stops_growing_at_the_partitions_limit():
    table = cluster(max_runtime=50, rules={"crop": {"runtime": 30}})
    assert [asked("crop", table, attempt=n)["runtime"] for n in (1, 2, 3)] == [30, 50, 50]
    assert longest_runtime("crop", table, 3) == 50


def test_a_rule_without_a_row_asks_for_what_others_do():
    table = cluster(others={"mem_mb": 700, "runtime": 7}, partition="main")
    made = asked("a_rule_of_tomorrow", table, threads=3)
    assert made == {
        "mem_mb": 700, "runtime": 7, "gpu": 0, "cpus_per_task": 3, "nodes": 1,
        "slurm_partition": "main",
    }  # fmt: skip


@pytest.mark.parametrize("rule", ["extract", "train", "train_joint"])
def test_gpu_jobs_ask_for_one_task_on_one_node(rule):
    table = cluster(partition="main", gpu_partition="gpu", gpu_model="a100", account="me")
    made = asked(rule, table, threads=5)
    assert made["gpu"] == 1 and made["nodes"] == 1 and made["cpus_per_task"] == 5
    assert made["slurm_partition"] == "gpu" and made["gpu_model"] == "a100"
    assert made["slurm_account"] == "me"
    assert not {"tasks", "tasks_per_gpu", "ntasks"} & set(made), "training would run twice"


def test_several_gpus_have_cores_each():
    table = cluster(rules={"train": {"gpus": 4, "mem_mb": 1, "runtime": 1}})
    made = asked("train", table, threads=5)
    assert made["gpu"] == 4 and made["cpus_per_task"] == 20


def test_no_gpu_is_asked_for_where_nothing_uses_one():
    table = cluster(partition="main", gpu_partition="gpu", gpu_model="a100")
    made = asked("extract", table, gpus=False)
    assert made["gpu"] == 0 and "gpu_model" not in made and made["slurm_partition"] == "main"


def test_gpu_jobs_take_the_one_partition_that_is_named():
    assert asked("extract", cluster(partition="main"))["slurm_partition"] == "main"
    assert "slurm_partition" not in asked("extract", cluster())


def test_cores_are_the_tables_or_the_rules():
    table = cluster(rules={"predict": {"cores": 6}, "crop": {"mem_mb": 1}})
    assert [cores_of(rule, table) for rule in ("predict", "crop", "sample")] == [6, None, None]


def test_a_rule_that_is_not_there_is_told():
    table = cluster(rules={"exract": {"mem_mb": 1}})
    with pytest.raises(UserError, match=r"cluster\.rules\.exract is not a rule; did you mean ext"):
        check_rule_names(table, {"extract", "crop"})
    check_rule_names(cluster(rules={"extract": {"mem_mb": 1}}), {"extract", "crop"})
