"""The tiny workflow on a real SLURM; skipped, with the reason, where none can be started."""

import subprocess

import pytest
from sandbox import Sandbox, why_not


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    reason = why_not()
    if reason:
        pytest.skip(reason)
    sandbox = Sandbox(tmp_path_factory.mktemp("slurm"))
    try:
        try:
            sandbox.start()
        except (RuntimeError, subprocess.CalledProcessError) as error:
            pytest.skip(f"SLURM is installed but does not start here: {error}")
        yield sandbox
    finally:
        sandbox.stop()
