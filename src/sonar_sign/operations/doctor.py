"""`doctor`: what is wrong with an installation and a folder of results, and how to correct it."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.operations.check_results import Finding
from sonar_sign.operations.config import Config
from sonar_sign.operations.config_corpora import require_corpora
from sonar_sign.operations.results_identity import check_identities
from sonar_sign.operations.workflow_files import WorkflowFiles
from sonar_sign.training.kinds import PRETRAINED, VIDEO_ENCODERS


@dataclass(frozen=True)
class Checkup:
    """What was found."""

    findings: Sequence[Finding]
    notes: Sequence[str]
    """What is not wrong but useful to know."""


def doctor(
    config: Config,
    config_files: Sequence[Path],
    *,
    lock: Path,
    cores: int = 2,
) -> Checkup:
    """Check the installation and the results in the current folder; nothing is changed.

    Args:
        config: the whole config.
        config_files: those that Snakemake is called with; none for the demo's.
        lock: `requirements.lock`.
        cores: for the commands that are proposed.
    """
    # These modules import `Finding` from here.
    from sonar_sign.operations import check_results, installation, model_checks

    results, resources = Path("results"), Path("resources")
    again = partial(snakemake, config_files, cores)
    gpu, about_gpu = installation.check_gpu(config.values["device"])
    space, about_space = installation.check_space(config.experiment, results)
    models, about_models = model_checks.check_models(config)
    findings = [
        *installation.check_versions(lock),
        *installation.check_libsndfile(),
        *gpu,
        *space,
        *models,
        *check_config(config),
        *check_results.check_snakemake(Path.cwd(), again),
        *check_results.check_training_locks(results),
        *check_results.check_leftovers([results, resources]),
        *check_results.check_clock([results, resources]),
        *check_results.check_clips(results, again),
        *check_results.check_features(results, encoders_of(config), again),
        *check_results.check_targets(results, again),
    ]
    return Checkup(findings, [about_gpu, *about_space, *about_models])


def check_config(config: Config) -> list[Finding]:
    """Find corpora that are not there, and results that are not those of the config."""
    findings = []
    for check, remedy in (
        (require_corpora, "sonar-sign config show, for where each value is from"),
        (check_identities, "snakemake --dry-run, once that is done"),
    ):
        try:
            check(config)
        except UserError as error:
            findings.append(Finding(str(error), remedy))
    return findings


def snakemake(config_files: Sequence[Path], cores: int, *words: str) -> str:
    """A command that runs Snakemake; targets come first, or it takes them for config files."""
    configs = ["--configfile", *map(str, config_files)] if config_files else []
    return shlex.join(["snakemake", *words, "--cores", str(cores), *configs])


def encoders_of(config: Config) -> dict[str, Path]:
    """By folder of features, the checkpoint of the SignHiera that computes them."""
    labels = [
        run.label
        for name, training in config.experiment.trainings.items()
        if training.kind.name in VIDEO_ENCODERS
        for run in config.experiment.runs_of_training(name)
    ]
    files = WorkflowFiles(config)
    return {label: Path(files.encoder_checkpoint(label)) for label in (PRETRAINED, *labels)}


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
