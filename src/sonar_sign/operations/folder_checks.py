"""Checks of the folders that a run writes to: they can be written, and links lead somewhere."""

import os
import shlex
import shutil
from collections.abc import Iterable
from pathlib import Path

from sonar_sign.core.wording import first_few
from sonar_sign.operations.findings import Finding

# Less than this, and not even a table can be written.
LEAST_FREE_BYTES = 100 << 20


def check_writable(folders: Iterable[Path]) -> list[Finding]:
    """Find folders in which nothing can be written, or disks that are full."""
    findings = []
    for folder in filter(Path.is_dir, folders):
        closed = [path for path in (folder, *sorted(_folders(folder))) if not _is_open(path)]
        if closed:
            findings.append(
                Finding(
                    f"{len(closed)} folders cannot be written: {first_few([*map(str, closed)])}.",
                    f"chmod u+rwx {shlex.join(map(str, closed))}, or mount the disk writable",
                )
            )
        free = shutil.disk_usage(folder).free
        if free < LEAST_FREE_BYTES:
            findings.append(
                Finding(
                    f"The disk of {folder} is full: {free >> 20} MiB are free.",
                    "free some space: df shows the disks, du the folders",
                )
            )
    return findings


def check_links(folders: Iterable[Path]) -> list[Finding]:
    """Find symbolic links that lead nowhere."""
    broken = [
        str(path)
        for folder in folders
        for path in [folder, *sorted(folder.rglob("*"))]
        if path.is_symlink() and not path.exists()
    ]
    if not broken:
        return []
    return [
        Finding(
            f"{len(broken)} symbolic links lead nowhere: {first_few(broken)}.",
            f"put back what they lead to, or: rm {shlex.join(broken)}",
        )
    ]


def _folders(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*") if path.is_dir())


def _is_open(folder: Path) -> bool:
    # Root may do anything on a disk that is writable, so for it the mode says what is meant.
    mode_says_no = os.geteuid() == 0 and not folder.stat().st_mode & 0o222
    return os.access(folder, os.R_OK | os.W_OK | os.X_OK) and not mode_says_no
