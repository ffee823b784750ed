"""Subcommands about a run as a whole: what it will take, and what is wrong with it."""

from pathlib import Path
from typing import Annotated

from sonar_sign.errors import UserError

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
    from sonar_sign.estimate import as_text, read_config, read_rates
    from sonar_sign.estimate import estimate as run

    if min([cores, *gpus]) < 1:
        raise UserError("Give at least one GPU and one core.")
    whole = read_config([DEFAULT_CONFIG, *config])
    print(as_text(run(whole, read_rates(rates), results), gpus, cores))


COMMANDS = {"estimate": estimate}
