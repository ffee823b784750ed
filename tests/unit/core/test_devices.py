"""Which devices a job takes for itself."""

import os

import pytest
import torch

from sonar_sign.core.devices import (
    LARGE_MODEL,
    autocast,
    choose_device,
    choose_precision,
    count_devices,
    may_use_gpu,
    reader_processes,
    timer_on,
    use_threads,
)
from sonar_sign.core.errors import UserError

VARIABLES = (
    "SLURM_JOB_ID",
    "SLURM_JOB_GPUS",
    "SLURM_STEP_GPUS",
    "CUDA_VISIBLE_DEVICES",
    "LOCAL_RANK",
    "LOCAL_WORLD_SIZE",
    "SONAR_SIGN_GPUS",
)


@pytest.fixture(autouse=True)
def variables(monkeypatch):
    """No variable of a launcher, a scheduler or the workflow is set."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def two_gpus(monkeypatch):
    """A machine with two GPUs, as far as PyTorch says."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.parametrize(
    ("variables", "may"),
    [
        ({}, True),
        ({"SLURM_JOB_ID": "1"}, False),
        ({"SLURM_JOB_ID": "1", "SLURM_STEP_GPUS": "0"}, True),
        ({"SLURM_JOB_ID": "1", "CUDA_VISIBLE_DEVICES": "0,1"}, True),
    ],
)
def test_a_job_that_asked_for_no_gpu_leaves_those_that_it_sees(monkeypatch, variables, may):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert may_use_gpu() is may


@pytest.mark.parametrize(
    ("name", "device"),
    [("auto", "cuda"), ("cuda", "cuda"), ("cuda:1", "cuda:1"), ("cpu", "cpu")],
)
def test_the_device_where_there_are_gpus(two_gpus, name, device):
    assert choose_device(name) == torch.device(device)


def test_the_device_where_there_is_none(no_gpu):
    assert choose_device("auto") == choose_device("cpu") == torch.device("cpu")
    for name in ("cuda", "cuda:0"):
        with pytest.raises(UserError, match=f"'{name}' was asked for, but PyTorch finds no GPU"):
            choose_device(name)


def test_auto_is_the_cpu_in_a_job_that_asked_for_no_gpu(two_gpus, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    assert choose_device("auto") == torch.device("cpu")


@pytest.mark.parametrize("name", ["auto", "cuda"])
def test_each_process_of_several_has_its_own_gpu(two_gpus, monkeypatch, name):
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert choose_device(name) == torch.device("cuda:1")


def test_a_device_that_does_not_exist():
    for name in ("gpu", "mps", "meta", "cpu\n", "cuda:", "cuda:-1", "cuda:999999999999", "CPU", ""):
        with pytest.raises(
            UserError, match="Device .*: (it must be auto, cpu, cuda or c|take out)"
        ):
            choose_device(name)


def test_a_gpu_that_does_not_exist(two_gpus):
    with pytest.raises(UserError, match="'cuda:9' was asked for, but the last GPU here is cuda:1"):
        choose_device("cuda:9")


def test_the_number_of_devices(two_gpus, monkeypatch):
    cpu, cuda, second = map(torch.device, ("cpu", "cuda", "cuda:1"))
    assert count_devices(cpu, 0) == 1
    assert count_devices(cpu, 3) == 3  # processes
    assert count_devices(cuda, 0) == 2
    assert count_devices(cuda, 1) == 1
    assert count_devices(second, 0) == 1
    with pytest.raises(UserError, match="3 devices were asked for, but PyTorch finds 2 GPUs"):
        count_devices(cuda, 3)
    # torchrun has started four processes already.
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert count_devices(cuda, 0) == 4
    assert count_devices(cuda, 2) == 2


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_timer_waits_for_the_gpu():
    device = torch.device("cuda")
    matrix = torch.rand(4096, 4096, device=device)
    _ = matrix @ matrix
    timer = timer_on(device)
    for _ in range(50):
        matrix = matrix @ matrix
    # 50 products of 137 GFLOP each: no GPU needs less than 5 ms, starting them takes about 1 ms.
    assert timer.lap("products") > 5


def test_a_timer_of_a_cpu_has_nothing_to_wait_for():
    assert 0 <= timer_on(torch.device("cpu")).lap("nothing") < 1000


def test_precisions():
    cpu = torch.device("cpu")
    ones = torch.ones(2, 2)
    for precision, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        with autocast(cpu, precision):
            assert (ones @ ones).dtype is dtype
    with pytest.raises(UserError, match="fp16 needs a GPU"):
        autocast(cpu, "fp16")
    with pytest.raises(UserError, match="'fp8' is not one of fp32, bf16, fp16"):
        autocast(cpu, "fp8")


@pytest.mark.parametrize(
    ("native", "n_parameters", "precision"),
    [
        (True, LARGE_MODEL, "bf16"),
        (True, LARGE_MODEL - 1, "fp32"),
        (False, LARGE_MODEL, "fp32"),
        (False, 10, "fp32"),
    ],
)
def test_auto_is_bf16_where_a_large_model_gains_by_it(monkeypatch, native, n_parameters, precision):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: native)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    cpu = torch.device("cpu")
    assert choose_precision("auto", cpu, n_parameters) == precision
    for asked_for in ("fp32", "bf16"):
        assert choose_precision(asked_for, cpu, n_parameters) == asked_for


@pytest.mark.parametrize("precision", ["fp16", "tf32", "", "AUTO"])
def test_precisions_that_a_cpu_has_not(precision):
    with pytest.raises(UserError, match="Precision"):
        choose_precision(precision, torch.device("cpu"), 0)


@pytest.mark.parametrize("n, n_workers, of_model", [(3, 2, 1), (4, 1, 3), (1, 4, 1), (2, 0, 2)])
def test_processes_that_read_data_count_among_a_commands_threads(
    monkeypatch, n, n_workers, of_model
):
    before = torch.get_num_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # restored afterwards
    try:
        use_threads(n, n_workers)
        assert torch.get_num_threads() == of_model
        assert os.environ["OMP_NUM_THREADS"] == str(of_model)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("device", ["cpu", torch.device("cpu"), "auto", "cuda"])
def test_on_a_cpu_no_processes_read_ahead(device):
    on_gpu = torch.cuda.is_available() and str(device) != "cpu"
    assert reader_processes(4, device) == (4 if on_gpu else 0)
