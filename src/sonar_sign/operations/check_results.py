"""Checks of a folder of results: leftover files, locks, saved states, and unfinished jobs."""

import base64
import binascii
import os
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.wording import first_few
from sonar_sign.operations.findings import Again, Finding
from sonar_sign.training.lock import dead_holder

# Temporary names of files.atomic_write and of training.lock.
TEMPORARY = re.compile(r"\..+\.[a-z0-9_]{8}(\.[^.]+)?|\.lock\..+\.json")
# The clocks of a cluster's machines differ by less than this.
CLOCKS_DIFFER_S = 60


def check_leftovers(folders: list[Path]) -> list[Finding]:
    """Find temporary files that no process of this machine has open."""
    found = [
        path
        for folder in folders
        for path in sorted(folder.rglob(".*"))
        if TEMPORARY.fullmatch(path.name) and path.is_file()
    ]
    in_use = _open_files() if found else set()
    orphans = [path for path in found if str(path.resolve()) not in in_use]
    if not orphans:
        return []
    return [
        Finding(
            f"{len(orphans)} temporary files of jobs that were killed: "
            f"{first_few([str(path) for path in orphans])}. They do no harm but take disk.",
            f"rm {shlex.join(str(path) for path in orphans)}",
        )
    ]


def check_clock(folders: list[Path]) -> list[Finding]:
    """Find files dated in the future: Snakemake takes whatever is made of them for outdated."""
    limit = time.time() + CLOCKS_DIFFER_S
    ahead = [
        str(path)
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.stat().st_mtime > limit
    ]
    if not ahead:
        return []
    return [
        Finding(
            f"{len(ahead)} files are dated in the future, so a clock was wrong: "
            f"{first_few(ahead)}.",
            f"find {shlex.join(str(folder) for folder in folders if folder.exists())} -type f "
            '-newermt now -exec touch -d "$(date -Ins)" {} +',
        )
    ]


def check_training_locks(results: Path) -> list[Finding]:
    """Find locks of trainings whose process has ended."""
    findings = []
    for path in sorted(results.glob("*/training/*/lock.json")):
        holder = dead_holder(path)
        if holder is not None:
            findings.append(
                Finding(
                    f"{path} is the lock of process {holder.get('pid')} on {holder.get('host')}, "
                    "which has ended; the next training takes it over.",
                    f"rm {shlex.quote(str(path))}",
                )
            )
    return findings


def check_snakemake(folder: Path, again: Again) -> list[Finding]:
    """Find Snakemake's lock and unfinished jobs, where no Snakemake runs in the folder."""
    state = folder / ".snakemake"
    locks = list((state / "locks").glob("*"))
    unfinished = [_decoded(path.name) for path in sorted((state / "incomplete").glob("*"))]
    if not (locks or unfinished) or _snakemake_runs_in(folder):
        return []
    findings = []
    if locks:
        problem = f"{folder} is locked by a Snakemake that has ended."
        findings.append(Finding(problem, again("--unlock")))
    if unfinished:
        problem = (
            f"{len(unfinished)} outputs were being made when a run ended: {first_few(unfinished)}."
        )
        findings.append(Finding(problem, again()))
    return findings


def check_resume_states(results: Path) -> list[Finding]:
    """Find saved states of trainings from which they cannot resume."""
    paths = sorted(results.glob("*/training/*/*.ckpt"))
    if not paths:
        return []
    from sonar_sign.training.training_folder import require_whole_state  # imports PyTorch

    findings = []
    for path in paths:
        try:
            require_whole_state(path)
        except UserError as error:
            findings.append(Finding(str(error), f"rm -r {shlex.quote(str(path.parent))}"))
    return findings


def _decoded(name: str) -> str:
    """An output's path, from whose base64 Snakemake makes the name of its marker file."""
    try:
        return base64.b64decode(name, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return name


def _processes() -> Iterator[Path]:
    return (entry for entry in Path("/proc").glob("[0-9]*"))


def _open_files() -> set[str]:
    found = set()
    for process in _processes():
        try:
            found |= {os.readlink(link) for link in (process / "fd").iterdir()}
        except OSError:  # it has ended, or is somebody else's
            continue
    return found


def _snakemake_runs_in(folder: Path) -> bool:
    for process in _processes():
        try:
            here = Path(os.readlink(process / "cwd")) == folder.resolve()
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if here and any(Path(os.fsdecode(word)).name == "snakemake" for word in words):
            return True
    return False
