"""Subcommands that get the public models; none of them imports PyTorch."""

from pathlib import Path
from typing import Annotated

from sonar_sign.cli.paths import INPUT, OUTPUT
from sonar_sign.core.bounds import matching


def fetch_model(
    name: Annotated[str, "Name in the registry, such as sign_hiera."],
    output: Annotated[Path, "File to write.", OUTPUT],
    source: Annotated[
        str | None, "A file or a mirror's URL, instead of the published one.", INPUT
    ] = None,
    sha256: Annotated[
        str | None,
        "The hash to check, instead of the registry's.",
        matching("[0-9a-f]{64}", "64 hexadecimal digits, in small letters"),
    ] = None,
    accept: Annotated[
        bool, "Use a file that differs from an unverified hash; note its own."
    ] = False,
) -> None:
    """Download a public file, or copy it from where it already is, and check it.

    Example:
        .venv/bin/sonar-sign fetch_model --name sign_hiera
            --output resources/models/dm_70h_ub_signhiera.pth
    """
    from sonar_sign.models.fetch import fetch_model as run

    run(name, output, source, sha256=sha256, accept=accept)


COMMANDS = {"fetch_model": fetch_model}
