"""Subcommands about a run as a whole: what it needs, how far it is, and what is wrong with it."""

from contextlib import chdir
from pathlib import Path
from typing import Annotated

import typer

from sonar_sign.core.bounds import between
from sonar_sign.core.errors import UserError

Config = Annotated[list[Path], "Config of the run, by default the demo's; repeat to override keys."]
Results = Annotated[Path, "Folder in which the workflow writes."]
CORES = between(1, 100_000)
Json = Annotated[bool, "Print JSON instead."]


def estimate(
    config: Config = [],  # noqa: B006 (Typer's way)
    results: Results = Path("results"),
    rates: Annotated[Path | None, "YAML of rates that replace rates.yaml's."] = None,
    gpus: Annotated[
        list[int], "Number of GPUs to give the time for; repeat for more.", between(1, 100_000)
    ] = [1, 2, 4, 8],  # noqa: B006
    cores: Annotated[int, "CPU cores that crop videos.", CORES] = 16,
) -> None:
    """Estimate the GPU hours, disk, memory and time of a run from nothing.

    Example:
        .venv/bin/sonar-sign estimate --config config/how2sign.yaml --gpus 1 --gpus 4
    """
    from sonar_sign.operations.config import load_config
    from sonar_sign.operations.estimate import estimate as run
    from sonar_sign.operations.estimate_text import as_text
    from sonar_sign.operations.machine import memory_bytes
    from sonar_sign.operations.rates import read_rates

    experiment = load_config(config).experiment
    found = run(experiment, read_rates(rates), results)
    print(as_text(found, gpus, cores, memory_bytes() / 1e9))


def doctor(
    config: Config = [],  # noqa: B006
    folder: Annotated[Path, "Folder in which Snakemake and its commands run."] = Path("."),
    lock: Annotated[Path, "The lock file of the installation."] = Path("requirements.lock"),
    cores: Annotated[int, "CPU cores, for the commands that are proposed.", CORES] = 2,
    deep: Annotated[bool, "Read every file whole and decode every clip; takes longer."] = False,
) -> None:
    """Check the installation and the results; print what is wrong and how to correct it.

    Example:
        .venv/bin/sonar-sign doctor --config config/how2sign.yaml
    """
    from sonar_sign.operations.config import DEFAULT_CONFIG, load_config
    from sonar_sign.operations.doctor import as_text
    from sonar_sign.operations.doctor import doctor as run

    absolute, files = [path.absolute() for path in config or [DEFAULT_CONFIG]], config
    if folder != Path("."):
        files, lock = [path.absolute() for path in config], lock.absolute()
        if not folder.is_dir():
            raise UserError(f"--folder {folder} is not a folder; give the one Snakemake runs in.")
    with chdir(folder):
        checkup = run(load_config(absolute), files, lock=lock, cores=cores, deep=deep)
    print(as_text(checkup))
    raise typer.Exit(1 if checkup.findings else 0)


def systems(
    config: Config = [],  # noqa: B006
    results: Results = Path("results"),
    json: Json = False,
) -> None:
    """List the trainings and systems of a config, what exists of them and what they cost.

    Example:
        .venv/bin/sonar-sign systems --config config/how2sign.yaml
    """
    from sonar_sign.operations.config import load_config
    from sonar_sign.operations.systems import as_text, list_systems

    listing = list_systems(load_config(config), results)
    print(_as_json(listing.as_dict()) if json else as_text(listing))


def status(results: Results = Path("results"), json: Json = False) -> None:
    """Show how far running trainings are, and which were interrupted.

    Example:
        .venv/bin/sonar-sign status
    """
    from sonar_sign.operations.status import as_text, read_status

    if not results.is_dir():
        raise UserError(f"--results {results} is not a folder; give the one the workflow writes.")
    trainings = read_status(results)
    print(_as_json([one.as_dict() for one in trainings]) if json else as_text(trainings))


def show(
    file: Annotated[Path, typer.Argument(help="A comparison.json, or a checkpoint.")],
) -> None:
    """Print a comparison as a table, or how a checkpoint was made.

    Example:
        .venv/bin/sonar-sign show results/demo/comparison.json
    """
    if file.suffix == ".json":
        from sonar_sign.evaluation.comparison_table import print_table

        print_table(file)
    else:
        from sonar_sign.models.metadata import describe_checkpoint

        print(describe_checkpoint(file))


def _as_json(value) -> str:
    from json import dumps

    return dumps(value, indent=2, ensure_ascii=False)


COMMANDS = {
    "systems": systems,
    "status": status,
    "show": show,
    "estimate": estimate,
    "doctor": doctor,
}
