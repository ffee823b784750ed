"""The tiny workflow on a real SLURM; skipped, with the reason, where none can be started."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from sandbox import Sandbox, why_not

REPOSITORY = Path(__file__).parents[2]


def _workflow_tests():
    """`tests/workflow/conftest.py`, whose name this file has too."""
    path = REPOSITORY / "tests/workflow/conftest.py"
    spec = importlib.util.spec_from_file_location("workflow_tests", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["workflow_tests"] = module
    spec.loader.exec_module(module)
    return module


_workflow_tests()


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
