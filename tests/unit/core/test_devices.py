"""Which devices a job may take for itself."""

import pytest

from sonar_sign.core.devices import may_use_gpu

VARIABLES = (
    "SLURM_JOB_ID",
    "SLURM_JOB_GPUS",
    "SLURM_STEP_GPUS",
    "CUDA_VISIBLE_DEVICES",
    "LOCAL_RANK",
)


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
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert may_use_gpu() is may
