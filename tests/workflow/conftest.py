"""The workflow on a tiny embedded corpus, built once for all tests."""

from pathlib import Path

import pytest
from build_once import build_once
from workflow_project import Project, tiny_config


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which everything was built; copy it before changing anything."""

    def build(folder: Path) -> None:
        run = Project(folder, tiny_config()).run()
        assert run.code == 0, run.output

    return Project(build_once(tmp_path_factory, "finished", build), tiny_config())


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished project, to be changed."""
    return finished.copy(tmp_path / "project")


@pytest.fixture
def empty(tmp_path: Path) -> Project:
    """A project in which nothing was built."""
    return Project(tmp_path, tiny_config())
