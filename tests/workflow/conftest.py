"""The workflow on a tiny embedded corpus, built once for all tests."""

from pathlib import Path

import pytest
from workflow_project import Project, tiny_config


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which everything was built; copy it before changing anything."""
    project = Project(tmp_path_factory.mktemp("finished"), tiny_config())
    run = project.run()
    assert run.code == 0, run.output
    return project


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished project, to be changed."""
    return finished.copy(tmp_path / "project")


@pytest.fixture
def empty(tmp_path: Path) -> Project:
    """A project in which nothing was built."""
    return Project(tmp_path, tiny_config())
