"""`rehearse`: a config's whole workflow at full size, without the public models and the corpus.

Model files of the public layouts and sizes, with random weights, are served on this machine and
fetched like the public ones. The trainings are shortened to one epoch on a few clips. The
translations mean nothing; what counts is that every step runs, and what it needs.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import write_text
from sonar_sign.models.registry import REGISTRY
from sonar_sign.operations.config import Config
from sonar_sign.operations.model_checks import model_files
from sonar_sign.operations.rehearsal_files import (
    RehearsalSize,
    captions_of,
    draw_corpus,
    link_corpus,
    model_bytes,
    rehearsal_config,
    require_rehearsable,
    write_cards,
    write_models,
    write_registry,
)
from sonar_sign.operations.rehearsal_monitor import Peaks, watching
from sonar_sign.operations.rehearsal_server import serving
from sonar_sign.operations.rehearsal_table import StepCost, costs_of
from sonar_sign.operations.training_cost import GB, LandmarkSettings, disk_gb, models_gb

REPOSITORY = Path(__file__).parents[3]
MARKER = ".sonar-sign-rehearsal"
# Clips, features, logs, and what Python leaves in the folder.
FURTHER_GB = 1.0


@dataclass(frozen=True)
class Rehearsal:
    """What a rehearsal showed."""

    costs: Sequence[StepCost]
    peaks: Peaks
    seconds: float
    """From the first fetch to the report, without making the files."""


@dataclass(frozen=True)
class RehearsalOptions:
    """Where and how a rehearsal runs."""

    folder: Path
    clips: Path | None = None
    """A corpus in How2Sign's layout; None: clips are drawn."""
    size: RehearsalSize = RehearsalSize()
    cores: int = 2
    keep: bool = False
    """Whether the folder stays."""


def rehearse(config: Config, files: Sequence[Path], options: RehearsalOptions) -> Rehearsal:
    """Run the workflow of a config in a folder of its own.

    Args:
        config: what `files` say.

    Raises:
        UserError: the config cannot be rehearsed, the disk is too small, the folder holds
            something else, or a step failed; then the folder stays.
    """
    require_rehearsable(config)
    folder = _prepare_folder(options.folder)
    try:
        _require_disk(config, options, folder)
        models = _make_inputs(folder, options)
    except BaseException:
        shutil.rmtree(folder)
        raise
    project, served = folder / "project", folder / "served"
    started = time.monotonic()
    with serving(served) as address:
        write_registry(folder / "registry.yaml", models, address)
        values = rehearsal_config(config, files, folder / "corpus", models, address)
        write_text(project / "config.yaml", yaml.safe_dump(values, sort_keys=False))
        _say("Fetching them")
        peaks = _run(folder, options.cores, [str(one.path) for one in model_files(config)])
    shutil.rmtree(served)
    _say("Running the workflow")
    peaks.merge(_run(folder, options.cores, []))
    rehearsal = Rehearsal(costs_of(project, peaks), peaks, time.monotonic() - started)
    if not options.keep:
        shutil.rmtree(folder)
    return rehearsal


def _make_inputs(folder: Path, options: RehearsalOptions) -> dict[str, Path]:
    """The corpus, and the model files by registry name."""
    if options.clips is None:
        draw_corpus(folder / "corpus", options.size)
    else:
        link_corpus(options.clips, folder / "corpus", options.size)
    _say("Writing model files with random weights")
    write_cards(folder / "project", options.size)
    return write_models(folder / "served", options.size, captions_of(folder / "corpus"))


def _say(what: str) -> None:
    print(f"{what} ...", file=sys.stderr, flush=True)


def _prepare_folder(folder: Path) -> Path:
    """An empty folder; what an earlier rehearsal left there goes.

    Raises:
        UserError: it is no folder, or holds something else.
    """
    folder = folder.absolute()
    if folder.exists():
        if not folder.is_dir() or (any(folder.iterdir()) and not (folder / MARKER).is_file()):
            raise UserError(
                f"{folder} holds something else than a rehearsal; give another --folder."
            )
        shutil.rmtree(folder)
    try:
        (folder / "project").mkdir(parents=True)
    except (FileExistsError, FileNotFoundError, NotADirectoryError) as error:
        raise UserError(
            f"The folder {folder} cannot be made ({error.strerror}); give another --folder."
        ) from error
    (folder / MARKER).touch()
    return folder


def _require_disk(config: Config, options: RehearsalOptions, folder: Path) -> None:
    models = model_bytes(options.size) / GB
    landmarks = LandmarkSettings(config.values["landmarks"]["fps"], {})
    trainings = [config.experiment.trainings[name] for name in config.experiment.used_trainings]
    # Smaller models make smaller checkpoints.
    of_trainings = sum(disk_gb(one, landmarks) for one in trainings)
    of_trainings *= models / models_gb(config.experiment)
    # Served and fetched files exist at the same time; trainings come when the former are gone.
    needed = models + max(models, of_trainings) + FURTHER_GB
    free = shutil.disk_usage(folder).free / GB
    if free < needed:
        raise UserError(
            f"A rehearsal needs {needed:.1f} GB of disk, and {folder.parent} has {free:.1f}; give "
            "a --folder on a larger disk, or fewer --layers."
        )


def _run(folder: Path, cores: int, targets: Sequence[str]) -> Peaks:
    """Run Snakemake; its output goes to standard error, as it comes."""
    snakefile = REPOSITORY / "Snakefile"
    if not snakefile.is_file():
        raise UserError(f"{snakefile} is missing; rehearse in a clone of the repository.")
    project = folder / "project"
    command = [str(Path(sys.executable).with_name("snakemake")), *targets]
    command += ["--snakefile", str(snakefile), "--directory", str(project)]
    command += ["--cores", str(cores), "--configfile", str(project / "config.yaml")]
    environment = {**os.environ, REGISTRY: str(folder / "registry.yaml"), "NO_PROXY": "127.0.0.1"}
    process = subprocess.Popen(command, cwd=project, env=environment, stdout=sys.stderr)
    try:
        with watching(process.pid) as peaks:
            code = process.wait()
    except KeyboardInterrupt:
        # Snakemake got the signal too, and ends its jobs.
        process.wait()
        raise
    if code:
        raise UserError(
            f"The rehearsal failed, and stays in {folder}; its logs are below {project}/results."
        )
    return peaks
