"""How much memory this machine, or the part of it that one may use, has."""

import re
from pathlib import Path

# Limits of groups of processes: version 2, and version 1 of the kernel's cgroups.
LIMITS = (("", "memory.max"), ("memory", "memory.limit_in_bytes"))


def memory_bytes(proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> int:
    """The smaller one of the machine's memory and the limit of the group that this process is in.

    Args:
        proc: the folder of the kernel's process information.
        cgroups: the folder of its groups.
    """
    found = re.search(r"^MemTotal: +(\d+) kB", (proc / "meminfo").read_text(), re.MULTILINE)
    limits = [int(found[1]) * 1024] if found else []
    try:
        lines = (proc / "self/cgroup").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        for controller, file in LIMITS:
            if controller in controllers.split(","):
                limits += _limits_along(cgroups / controller, path, file)
    return min(limits)


def _limits_along(root: Path, path: str, file: str) -> list[int]:
    """The limits of a group and of all groups that it is in; in a container the root is its own."""
    folder = root / path.lstrip("/")
    folders = [folder, *folder.parents]
    inside = [one for one in folders if one == root or root in one.parents]
    limits = []
    for one in {root, *inside}:
        try:
            text = (one / file).read_text().strip()
        except OSError:
            continue
        # `max`, and in version 1 a number beyond any memory, mean that there is no limit.
        if text.isdecimal():
            limits.append(int(text))
    return limits
