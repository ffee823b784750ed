"""Questions to SLURM; the programs are stand-ins here, tests/slurm has the real ones."""

import os
import stat

import pytest
from small_files import REPOSITORY

from sonar_sign.core.errors import UserError
from sonar_sign.operations.config import load_config
from sonar_sign.operations.slurm import PROGRAMS, check_slurm, minutes_of

CLUSTER = load_config([REPOSITORY / "config/config.yaml"]).values["cluster"]
# A partition with two kinds of nodes, one without GPUs, and one with GPUs that have no name.
SINFO = """main*|7-00:00:00|(null)
a100|2-00:00:00|gpu:a100:4(S:0-1),nvme:1
a100|2-00:00:00|gpu:a100_mig:8
old|infinite|gpu:2
short|30:00|(null)"""
CONFIG = "AccountingStorageType   = accounting_storage/slurmdbd\nMinJobAge               = 300 sec"


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Writes programs of SLURM that print something; nothing else is on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def write(name, output="", code=0):
        path = folder / name
        path.write_text(f"#!/bin/sh\n/bin/cat <<'E'\n{output}\nE\nexit {code}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    for name in PROGRAMS:
        write(name)
    write("sinfo", SINFO)
    write("scontrol", CONFIG)
    return write


def check(attempts=None, **changes):
    check_slurm({**CLUSTER, **changes}, attempts or {"extract": 3, "crop": 3})


@pytest.mark.parametrize("partition", ["a100", "old"])
def test_a_cluster_that_has_what_is_asked_for(programs, partition):
    check(gpu_partition=partition, gpu_model="a100_mig" if partition == "a100" else None)


@pytest.mark.parametrize("missing", PROGRAMS)
def test_a_missing_program_is_named(programs, missing):
    os.unlink(f"{os.environ['PATH']}/{missing}")
    with pytest.raises(UserError, match=f"{missing} is not on the PATH"):
        check(gpu_partition="a100")


MISTAKES = {
    "unknown partition": ({"partition": "mian"}, "cluster.partition is mian, .* main, a100, old"),
    "unknown GPU partition": ({"gpu_partition": "x"}, "cluster.gpu_partition is x"),
    "no GPUs in it": ({}, "Partition main has no GPUs, and extract asks for one"),
    "another GPU": (
        {"gpu_partition": "a100", "gpu_model": "h100"},
        "gpu_model is h100, .* it has a100, a100_mig",
    ),
    "GPUs have no name": ({"gpu_partition": "old", "gpu_model": "a100"}, "it has gpu"),
    "too long": (
        {"gpu_partition": "a100", "partition": "short"},
        "Partition short ends jobs after 30 minutes, and crop asks for up to 360; .*max_runtime",
    ),
}


@pytest.mark.parametrize(("changes", "told"), MISTAKES.values(), ids=MISTAKES)
def test_what_would_wait_for_ever_is_told(programs, changes, told):
    with pytest.raises(UserError, match=told):
        check(**changes)


def test_max_runtime_makes_it_fit(programs):
    check(gpu_partition="a100", partition="short", max_runtime=30)


def test_no_default_partition(programs):
    programs("sinfo", SINFO.replace("*", ""))
    with pytest.raises(UserError, match=r"no default partition; set cluster\.partition"):
        check(gpu_partition="a100")


def test_an_account_of_somebody_else(programs):
    programs("sacctmgr", "sign\nlab")
    check(gpu_partition="a100", account="sign")
    with pytest.raises(UserError, match=r"cluster\.account is theirs, but you may use lab, sign"):
        check(gpu_partition="a100", account="theirs")
    programs("sacctmgr", code=1)  # accounting is off
    check(gpu_partition="a100", account="theirs")


def test_slurm_does_not_answer(programs):
    programs("sinfo", code=1)
    with pytest.raises(UserError, match="SLURM does not answer: sinfo"):
        check()


@pytest.mark.parametrize("storage", ["accounting_storage/none", "(null)"])
def test_nobody_could_tell_how_a_job_ended(programs, storage):
    text = CONFIG.replace("accounting_storage/slurmdbd", storage)
    programs("scontrol", text)
    check(gpu_partition="a100")
    programs("scontrol", text.replace("300", "5"))
    with pytest.raises(UserError, match="forgets finished jobs after 5 s"):
        check(gpu_partition="a100")


LIMITS = {"infinite": float("inf"), "2-12:00:00": 3600, "1:30:00": 90, "30:00": 30, "0:30": 0.5}


@pytest.mark.parametrize(("limit", "minutes"), LIMITS.items())
def test_time_limits(limit, minutes):
    assert minutes_of(limit) == minutes
