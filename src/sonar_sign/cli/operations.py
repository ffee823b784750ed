"""Subcommands about a run as a whole: what it will take, and what is wrong with it."""

from contextlib import chdir
from pathlib import Path
from typing import Annotated

import typer

from sonar_sign.core.errors import UserError

Config = Annotated[list[Path], "Config that overrides config/config.yaml; repeat for more."]
Results = Annotated[Path, "Folder in which the workflow writes."]
DEFAULT_CONFIG = Path("config/config.yaml")


def estimate(
    config: Config = [],  # noqa: B006 (Typer's way)
    results: Results = Path("results"),
    rates: Annotated[Path | None, "YAML of rates that replace rates.yaml's."] = None,
    gpus: Annotated[list[int], "Number of GPUs to give the time for; repeat for more."] = [  # noqa: B006
        1,
        2,
        4,
        8,
    ],
    cores: Annotated[int, "Cores that crop."] = 16,
) -> None:
    """Reckon GPU hours, disk and time of a run from nothing."""
    from sonar_sign.operations.estimate import as_text, read_config, read_rates
    from sonar_sign.operations.estimate import estimate as run

    if min([cores, *gpus]) < 1:
        raise UserError("Give at least one GPU and one core.")
    whole = read_config([DEFAULT_CONFIG, *config])
    print(as_text(run(whole, read_rates(rates), results), gpus, cores))


def doctor(
    config: Config = [],  # noqa: B006
    folder: Annotated[Path, "Folder in which Snakemake runs, and the commands must."] = Path("."),
    lock: Annotated[Path, "The lock file of the installation."] = Path("requirements.lock"),
    cores: Annotated[int, "Cores, for the commands that are proposed."] = 2,
) -> None:
    """Say what is wrong with the installation and the results, and what helps."""
    from sonar_sign.operations.doctor import as_text
    from sonar_sign.operations.doctor import doctor as run
    from sonar_sign.operations.estimate import read_config

    whole, files = read_config([DEFAULT_CONFIG, *config]), config
    if folder != Path("."):
        files, lock = [path.absolute() for path in config], lock.absolute()
        if not folder.is_dir():
            raise UserError(f"--folder {folder} is not a folder; give the one Snakemake runs in.")
    with chdir(folder):
        checkup = run(whole, files, lock=lock, cores=cores)
    print(as_text(checkup))
    raise typer.Exit(1 if checkup.findings else 0)


COMMANDS = {"estimate": estimate, "doctor": doctor}
