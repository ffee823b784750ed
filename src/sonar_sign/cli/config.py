"""Subcommands about a config; they need no results and do not import PyTorch."""

from typing import Annotated

import typer

from sonar_sign.cli.operations import Config
from sonar_sign.cli.settings import add_command


def show(
    config: Config = [],  # noqa: B006 (Typer's way)
    yaml: Annotated[bool, "Print a config with these values, without where they are from."] = False,
) -> None:
    """Print every effective value of a config, and where it is from.

    Example:
        .venv/bin/sonar-sign config show --config config/how2sign.yaml
    """
    from sonar_sign.operations.config import as_yaml, load_config

    print(as_yaml(load_config(config), with_origins=not yaml), end="")


config = typer.Typer(help="Look at a config.", no_args_is_help=True)
add_command(config, "show", show)
