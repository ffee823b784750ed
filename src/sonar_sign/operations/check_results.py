"""Checks of a folder of results: leftover files, locks, and shards that are damaged or stale."""

import base64
import binascii
import os
import re
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sonar_sign.clips.clip_shards import ClipShard
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import sha256_of
from sonar_sign.core.tables import read_columns
from sonar_sign.core.wording import first_few
from sonar_sign.features.feature_shards import FeatureShard
from sonar_sign.features.targets import read_targets
from sonar_sign.training.lock import dead_holder

# Makes the command that runs Snakemake with the given words, such as a target.
Again = Callable[..., str]
# Temporary names of files.atomic_write and of training.lock.
TEMPORARY = re.compile(r"\..+\.[a-z0-9_]{8}(\.[^.]+)?|\.lock\..+\.json")
# The clocks of a cluster's machines differ by less than this.
CLOCKS_DIFFER_S = 60
# Feature vectors read at once, to save memory.
CHUNK = 100_000


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    problem: str
    """A sentence: what is wrong, and where."""
    remedy: str
    """A command, or advice where no command can do it."""


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


def check_clips(results: Path, again: Again) -> list[Finding]:
    """Find clip shards that cannot be read, or hold other clips than were assigned to them."""

    def check(path: Path) -> None:
        shard = ClipShard(path)
        table = _shard_table(path)
        if table.is_file():
            assigned = set(read_columns(table, ("clip_id",))["clip_id"])
            _require_same({*shard.clip_ids, *shard.dropped}, path, assigned, table)

    return list(_broken(results.glob("*/clips/*/*.tar"), check, again))


def check_features(results: Path, encoders: Mapping[str, Path], again: Again) -> list[Finding]:
    """Find feature shards that cannot be read, hold NaN, or are of other clips or another model.

    Args:
        encoders: by folder of features, the checkpoint of the SignHiera that computes them.
    """
    hashes: dict[str, str] = {}

    def check(path: Path) -> None:
        shard = FeatureShard(path)
        for start in range(0, len(shard), CHUNK):
            if not np.isfinite(shard.rows(start, start + CHUNK)).all():
                raise UserError(f"{path} holds NaN or infinite features.")
        encoder, split = path.parts[-3:-1]
        clips = path.parents[3] / "clips" / split / f"{path.stem}.tar"
        if (ids := _clip_ids(clips)) is not None:
            _require_same(set(shard.clip_ids), path, ids, clips)
        checkpoint = encoders.get(encoder)
        if checkpoint is None or not checkpoint.is_file():
            return
        if encoder not in hashes:
            hashes[encoder] = sha256_of(checkpoint)
        if shard.encoder_sha256 != hashes[encoder]:
            raise UserError(
                f"{path} was made by another SignHiera ({shard.encoder_sha256[:12]}) than "
                f"{checkpoint} ({hashes[encoder][:12]})."
            )

    shards = {
        path.with_suffix(".npy")
        for suffix in ("npy", "parquet")
        for path in results.glob(f"*/features/*/*/*.{suffix}")
        if not path.name.startswith(".")
    }
    return list(_broken(shards, check, again))


def check_targets(results: Path, again: Again) -> list[Finding]:
    """Find targets that cannot be read, hold NaN, or do not fit their index."""
    return list(_broken(results.glob("*/targets/*.npy"), read_targets, again))


def _broken(paths, check: Callable[[Path], Any], again: Again) -> Iterator[Finding]:
    for path in sorted(path for path in paths if not path.name.startswith(".")):
        try:
            check(path)
        except UserError as error:
            files = [str(path)]
            if path.suffix == ".npy":
                files.append(str(path.with_suffix(".parquet")))
            # As a target, because Snakemake does not make a file that no job needs any more.
            made = f"{again(str(path))} && {again()}"
            yield Finding(str(error), f"rm -f {shlex.join(files)} && {made}")


def _require_same(found: set[str], path: Path, expected: set[str], source: Path) -> None:
    missing, further = sorted(expected - found), sorted(found - expected)
    if missing:
        raise UserError(f"{path} lacks clips of {source}: {first_few(missing)}.")
    if further:
        raise UserError(f"{path} has clips that {source} does not have: {first_few(further)}.")


def _clip_ids(tar: Path) -> set[str] | None:
    """The clips of a shard; None where it is missing or damaged, which `check_clips` reports."""
    try:
        shard = ClipShard(tar)
    except UserError:
        return None
    return {*shard.clip_ids, *shard.dropped}


def _shard_table(tar: Path) -> Path:
    return tar.parents[2] / "shards" / tar.parent.name / f"{tar.stem}.tsv"


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
