"""One trainer per folder: a lock that names its process and ends with it."""

import fcntl
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import write_json


@contextmanager
def training_lock(folder: Path) -> Iterator[None]:
    """Hold `folder/lock.json`.

    Raises:
        UserError: a running trainer holds it, or one whose state cannot be found out from here.
    """
    path = Path(folder) / "lock.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    own = _own()
    with _one_at_a_time(path.parent):
        while not _create(path, own):
            holder = _read(path)
            if holder is not None and not _is_dead(holder):
                raise UserError(
                    f"{folder} is in use by process {holder['pid']} on {holder['host']}; wait for "
                    f"it, or delete {path} if it is not training any more."
                )
            path.unlink(missing_ok=True)
    try:
        yield
    finally:
        if _read(path) == own:
            path.unlink()


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Keep two processes of this machine from taking over one dead lock.

    Each would read it, and the later one delete the lock that the earlier one has made. The kernel
    releases the folder when a process ends.
    """
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # of network file systems that lock no folders
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def dead_holder(path: Path) -> dict[str, Any] | None:
    """The dead process that left a lock; None where it may be alive, or there is no lock."""
    holder = _read(path)
    return holder if holder is not None and _is_dead(holder) else None


def _own() -> dict[str, Any]:
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "started": _started(os.getpid()),
        "slurm_job": os.environ.get("SLURM_JOB_ID"),
    }


def _create(path: Path, holder: dict[str, Any]) -> bool:
    """Write the lock; False if there is one. Making a link is atomic, also on NFS."""
    draft = path.with_name(f".lock.{holder['host']}.{holder['pid']}.json")
    write_json(draft, holder)
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def _read(path: Path) -> dict[str, Any] | None:
    """Who holds a lock; None where there is none, or what no trainer has written."""
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    is_whole = isinstance(holder, dict) and {"host", "pid", "started"} <= holder.keys()
    return holder if is_whole else None


def _is_dead(holder: dict[str, Any]) -> bool:
    if holder.get("host") == socket.gethostname():
        # The number alone may be another process's by now.
        return _started(holder["pid"]) != holder["started"]
    job = holder.get("slurm_job")
    if job is None or shutil.which("squeue") is None:
        return False
    if job == os.environ.get("SLURM_JOB_ID"):
        return True  # this job, queued again on another machine
    listed = subprocess.run(["squeue", "-h", "-j", job], capture_output=True, text=True)
    unknown = listed.returncode != 0 and "Invalid job id" in listed.stderr
    return unknown or (listed.returncode == 0 and not listed.stdout.strip())


def _started(pid: int) -> str | None:
    """When a process of this machine was started, in ticks since boot; None if there is none."""
    try:
        # The command's name, in brackets, may hold spaces.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    # proc(5): the state is field 3, the start time field 22.
    return None if fields[0] == "Z" else fields[19]
