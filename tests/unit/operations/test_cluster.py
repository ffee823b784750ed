"""What jobs ask for: the table, its growth, and its mistakes."""

import copy

import pytest
from small_files import REPOSITORY

from sonar_sign.core.errors import UserError
from sonar_sign.operations.cluster import check_rule_names, cores_of, longest_runtime, resources_of
from sonar_sign.operations.config import load_config

CLUSTER = load_config([REPOSITORY / "config/config.yaml"]).values["cluster"]


def cluster(**changes):
    return {**copy.deepcopy(CLUSTER), **changes}


def asked(rule, table, attempt=1, threads=1, gpus=True):
    """What Snakemake makes of it for one job."""
    values = resources_of(rule, table, gpus=gpus)
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
