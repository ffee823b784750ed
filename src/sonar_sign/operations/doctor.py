"""`doctor`: what is wrong with an installation and a folder of results, and how to correct it."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.wording import first_few
from sonar_sign.operations import check_results, folder_checks, installation, model_checks
from sonar_sign.operations.config import Config
from sonar_sign.operations.config_corpora import require_corpora
from sonar_sign.operations.findings import Again, Finding
from sonar_sign.operations.results_identity import check_identities


@dataclass(frozen=True)
class Checkup:
    """What was found."""

    findings: Sequence[Finding]
    """What the run needs and is absent comes first."""
    notes: Sequence[str]
    """What is not wrong but useful to know."""
    n_outputs: int
    """How many outputs the config declares."""
    not_built: Sequence[Path]
    """Those that no run has made yet."""
    build: str
    """The command that makes them."""


def doctor(
    config: Config,
    config_files: Sequence[Path],
    *,
    lock: Path,
    cores: int = 2,
    deep: bool = False,
) -> Checkup:
    """Check the installation and the results in the current folder; nothing is changed.

    Args:
        config: the whole config.
        config_files: those that Snakemake is called with; none for the demo's.
        lock: `requirements.lock`.
        cores: for the commands that are proposed.
        deep: read every file whole, and decode every clip.
    """
    # These import PyTorch.
    from sonar_sign.operations.check_outputs import check_outputs
    from sonar_sign.operations.output_check import Inspection

    again = partial(snakemake, config_files, cores)
    needs, notes = check_needs(config, lock)
    outputs = check_outputs(Inspection(config, deep), again)
    return Checkup(
        [*needs, *check_folders(again), *outputs.findings],
        notes,
        len(outputs.declared),
        outputs.not_built,
        again(),
    )


def check_needs(config: Config, lock: Path) -> tuple[list[Finding], list[str]]:
    """Find what a run of the config needs and this machine lacks; and notes."""
    gpu, about_gpu = installation.check_gpu(config.values["device"])
    space, about_space = installation.check_space(config.experiment, Path("results"))
    models, about_models = model_checks.check_models(config)
    findings = [
        *installation.check_versions(lock),
        *installation.check_libsndfile(),
        *gpu,
        *space,
        *models,
        *check_config(config),
    ]
    return findings, [about_gpu, *about_space, *about_models]


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


def check_folders(again: Again) -> list[Finding]:
    """Find what killed jobs, wrong clocks and full disks leave in the folders of a run."""
    results, resources = Path("results"), Path("resources")
    return [
        *folder_checks.check_writable([Path.cwd(), results, resources]),
        *check_results.check_snakemake(Path.cwd(), again),
        *check_results.check_training_locks(results),
        *check_results.check_resume_states(results),
        *check_results.check_leftovers([results, resources]),
        *folder_checks.check_links([results, resources]),
        *check_results.check_clock([results, resources]),
    ]


def snakemake(config_files: Sequence[Path], cores: int, *words: str) -> str:
    """A command that runs Snakemake; targets come first, or it takes them for config files."""
    configs = ["--configfile", *map(str, config_files)] if config_files else []
    return shlex.join(["snakemake", *words, "--cores", str(cores), *configs])


def as_text(checkup: Checkup) -> str:
    """The findings for people, each with its remedy."""
    lines = [f"note: {note}" for note in checkup.notes]
    for finding in checkup.findings:
        lines += [f"WRONG: {finding.problem}", f"  try: {finding.remedy}"]
    return "\n".join([*lines, *_verdict(checkup)])


def _verdict(checkup: Checkup) -> list[str]:
    n_built = checkup.n_outputs - len(checkup.not_built)
    lines = []
    if not n_built:
        lines = [f"Nothing is built yet: run {checkup.build}"]
    elif checkup.not_built:
        lines = [
            f"{len(checkup.not_built)} of {checkup.n_outputs} outputs are not built yet: "
            f"{first_few([*map(str, checkup.not_built)])}.",
            f"  run: {checkup.build}",
        ]
    if checkup.findings:
        return [*lines, f"Things that are wrong: {len(checkup.findings)}."]
    if not n_built:
        return lines
    return [*lines, "Nothing is wrong with what is built." if lines else "Nothing is wrong."]
