"""The environment of the workflow's jobs."""

import os
import sys
from pathlib import Path


def put_command_on_path(repository: Path | None = None) -> None:
    """Let jobs find `sonar-sign`, which lies beside this Python, without an active environment.

    Args:
        repository: where jobs have environments of their own, the folder whose `workflow/bin` and
            `src` give them the command: run by their Python, which they put first on the path.
    """
    folders = [str(Path(sys.executable).parent)]
    if repository is not None:
        folders.insert(0, str(repository / "workflow/bin"))
        _prepend("PYTHONPATH", [str(repository / "src")])
    _prepend("PATH", folders)


def _prepend(variable: str, folders: list[str]) -> None:
    before = [os.environ[variable]] if os.environ.get(variable) else []
    os.environ[variable] = os.pathsep.join([*folders, *before])
