"""Limits that a process sets itself before it opens what strangers sent."""

import resource
from pathlib import Path

# What a job may write: speech and a dubbed video.
MAX_FILE_BYTES = 1 << 30
# Of the folder for temporary files that the server gives each worker.
FOLDER_PREFIX = "sonar-sign-worker-"


def limit_this_process(memory_bytes: int, cpu_s: int | None = None) -> None:
    """Limit memory beyond what the process has now, CPU time, and what it writes.

    Memory is what the process can write to (RLIMIT_DATA): mapped model files and a GPU's addresses
    do not count, and an allocation beyond it fails with an error that is caught.

    Args:
        memory_bytes: what may be added.
        cpu_s: seconds of CPU time from the start of the process, after which it is killed.
    """
    _lower(resource.RLIMIT_DATA, _data_bytes() + memory_bytes)
    _lower(resource.RLIMIT_FSIZE, MAX_FILE_BYTES)
    _lower(resource.RLIMIT_CORE, 0)
    if cpu_s is not None:
        _lower(resource.RLIMIT_CPU, cpu_s)


def _lower(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def _data_bytes() -> int:
    """What counts for RLIMIT_DATA now; 0 where the system does not say."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return 0
    line = next((line for line in status.splitlines() if line.startswith("VmData:")), "0 0")
    return int(line.split()[1]) * 1024
