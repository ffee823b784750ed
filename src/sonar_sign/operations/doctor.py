"""`doctor`: whether an installation and a folder of results are well, and what helps if not."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    problem: str
    """A sentence: what, where."""
    remedy: str
    """A command, or words where no command can know."""


@dataclass(frozen=True)
class Checkup:
    """What was found."""

    findings: Sequence[Finding]
    notes: Sequence[str]
    """What is no problem, but good to know."""


def doctor(
    config: Mapping[str, Any],
    config_files: Sequence[Path],
    *,
    lock: Path,
    cores: int = 2,
) -> Checkup:
    """Check everything about the folder that this process is in; nothing is changed.

    Args:
        config: the workflow's, whole.
        config_files: what Snakemake is called with besides `config/config.yaml`.
        lock: `requirements.lock`.
        cores: for the commands that are proposed.
    """
    # These modules import `Finding` from here.
    from sonar_sign.operations import check_results, installation

    results, resources = Path("results"), Path("resources")
    again = partial(snakemake, config_files, cores)
    gpu, about_gpu = installation.check_gpu(config["device"])
    disk, about_disk = installation.check_disk(config, results)
    findings = [
        *installation.check_versions(lock),
        *installation.check_libsndfile(),
        *gpu,
        *disk,
        *check_results.check_snakemake(Path.cwd(), again),
        *check_results.check_training_locks(results),
        *check_results.check_leftovers([results, resources]),
        *check_results.check_clock([results, resources]),
        *check_results.check_clips(results, again),
        *check_results.check_features(results, encoders_of(config), again),
        *check_results.check_targets(results, again),
    ]
    return Checkup(findings, [about_gpu, about_disk])


def snakemake(config_files: Sequence[Path], cores: int, *words: str) -> str:
    """A call of Snakemake; its targets stand first, or it would take them for config files."""
    configs = ["--configfile", *map(str, config_files)] if config_files else []
    return shlex.join(["snakemake", *words, "--cores", str(cores), *configs])


def encoders_of(config: Mapping[str, Any]) -> dict[str, Path]:
    """The SignHiera checkpoint that each encoder's features come from."""
    name = config["corpus"]["name"]
    return {
        "pretrained": Path(config["models"]["sign_hiera"]),
        "stage1": Path(f"results/{name}/checkpoints/stage1/best.pt"),
    }


def as_text(checkup: Checkup) -> str:
    """The findings for people, each with what helps."""
    lines = [f"note: {note}" for note in checkup.notes]
    for finding in checkup.findings:
        lines += [f"WRONG: {finding.problem}", f"  try: {finding.remedy}"]
    lines.append(
        f"Things that are wrong: {len(checkup.findings)}."
        if checkup.findings
        else "Nothing is wrong."
    )
    return "\n".join(lines)
