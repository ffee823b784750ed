"""`doctor`: what is wrong with an installation and a folder of results, and how to correct it."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sonar_sign.operations.experiment import Experiment
from sonar_sign.training.kinds import PRETRAINED, VIDEO_ENCODERS


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    problem: str
    """A sentence: what is wrong, and where."""
    remedy: str
    """A command, or advice where no command can do it."""


@dataclass(frozen=True)
class Checkup:
    """What was found."""

    findings: Sequence[Finding]
    notes: Sequence[str]
    """What is not wrong but useful to know."""


def doctor(
    experiment: Experiment,
    config_files: Sequence[Path],
    *,
    lock: Path,
    cores: int = 2,
) -> Checkup:
    """Check the installation and the results in the current folder; nothing is changed.

    Args:
        experiment: what the config declares.
        config_files: those that Snakemake is called with; none for the demo's.
        lock: `requirements.lock`.
        cores: for the commands that are proposed.
    """
    # These modules import `Finding` from here.
    from sonar_sign.operations import check_results, installation

    results, resources = Path("results"), Path("resources")
    again = partial(snakemake, config_files, cores)
    gpu, about_gpu = installation.check_gpu(experiment.values["device"])
    disk, about_disk = installation.check_disk(experiment, results)
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
        *check_results.check_features(results, encoders_of(experiment), again),
        *check_results.check_targets(results, again),
    ]
    return Checkup(findings, [about_gpu, about_disk])


def snakemake(config_files: Sequence[Path], cores: int, *words: str) -> str:
    """A command that runs Snakemake; targets come first, or it takes them for config files."""
    configs = ["--configfile", *map(str, config_files)] if config_files else []
    return shlex.join(["snakemake", *words, "--cores", str(cores), *configs])


def encoders_of(experiment: Experiment) -> dict[str, Path]:
    """By folder of features, the checkpoint of the SignHiera that computes them."""
    folder = Path("results", experiment.values["corpus"]["name"], "checkpoints")
    trained = {
        run.label: folder / run.label / "best.pt"
        for name, training in experiment.trainings.items()
        if training.kind.name in VIDEO_ENCODERS
        for run in experiment.runs_of_training(name)
    }
    return {PRETRAINED: Path(experiment.values["models"]["sign_hiera"]), **trained}


def as_text(checkup: Checkup) -> str:
    """The findings for people, each with its remedy."""
    lines = [f"note: {note}" for note in checkup.notes]
    for finding in checkup.findings:
        lines += [f"WRONG: {finding.problem}", f"  try: {finding.remedy}"]
    lines.append(
        f"Things that are wrong: {len(checkup.findings)}."
        if checkup.findings
        else "Nothing is wrong."
    )
    return "\n".join(lines)
