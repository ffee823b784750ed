"""The subcommand that serves the live page."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from sonar_sign.cli.features import Device, Threads
from sonar_sign.cli.paths import FOLDER
from sonar_sign.core.errors import UserError
from sonar_sign.core.settings import INPUT_FOLDER
from sonar_sign.serving.options import AddressOptions, QueueOptions, UploadLimits
from sonar_sign.translation.model_choice import ModelChoice


def serve(
    choice: ModelChoice,
    address: AddressOptions,
    limits: UploadLimits,
    queue: QueueOptions,
    keep: Annotated[
        Path | None, "Folder to write videos and answers to; without it nothing stays.", FOLDER
    ] = None,
    text_model: Annotated[
        Path | None, "Folder of a classifier of emotions in texts: guesses styles.", INPUT_FOLDER
    ] = None,
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Serve a page and an API that translate videos, on this machine.

    Example:
        .venv/bin/sonar-sign serve --system finetuned --port 8000
    """
    from sonar_sign.serving.server import open_address
    from sonar_sign.serving.server import serve as run
    from sonar_sign.serving.service import ServiceOptions
    from sonar_sign.serving.system_facts import results_folder, with_short_names
    from sonar_sign.translation.model_choice import require_files

    systems = with_short_names(choice.find())
    for one in systems:
        require_files(one)
    if keep is not None:
        try:
            keep.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"--keep {keep} cannot be made: {error.strerror}.") from error
    folders = [results_folder(one, choice.results) for one in systems]
    setup = {
        "choice": {
            name: [*value] if name == "system" else value and str(value)
            for name, value in asdict(choice).items()
        },
        "threads": threads,
        "text_model": str(text_model.resolve()) if text_model else "",
        "memory_bytes": int(queue.job_gigabytes * 1e9),
    }
    options = ServiceOptions(
        setup,
        (device,),
        limits,
        queue,
        keep,
        tuple(dict.fromkeys(one for one in folders if one is not None)),
    )
    run(options, open_address(address))


COMMANDS = {"serve": serve}
