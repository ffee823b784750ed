"""Jobs of the workflow find the command, without and with environments of their own."""

import os
import shutil
import sys
from pathlib import Path

from small_files import REPOSITORY

from sonar_sign.operations.job_environment import put_command_on_path


def test_jobs_find_the_command(monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin")
    put_command_on_path()
    assert os.environ["PATH"].endswith("/usr/bin")
    found = shutil.which("sonar-sign")
    assert found is not None and Path(found).parent == Path(sys.executable).parent


def test_jobs_with_environments_of_their_own_find_the_stand_in(monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.setenv("PYTHONPATH", "/before")
    put_command_on_path(REPOSITORY)
    assert shutil.which("sonar-sign") == str(REPOSITORY / "workflow/bin/sonar-sign")
    assert os.environ["PYTHONPATH"].split(os.pathsep) == [str(REPOSITORY / "src"), "/before"]
