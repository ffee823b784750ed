"""The subcommand that uses a model, without a workflow."""

from pathlib import Path
from typing import Annotated

import typer

from sonar_sign.cli.features import Device, Threads
from sonar_sign.core.errors import UserError
from sonar_sign.core.options import TranslateOptions


def translate(
    video: Annotated[list[Path], typer.Argument(help="Videos, or folders of videos.")],
    options: TranslateOptions,
    lang: Annotated[list[str], "FLORES code to translate into; repeat for more."] = ["eng_Latn"],  # noqa: B006
    model: Annotated[str, "demo (after make demo) or public (after fetch_model)."] = "demo",
    sign_hiera: Annotated[Path | None, "A SignHiera checkpoint, instead of the model's."] = None,
    sign_encoder: Annotated[Path | None, "A sign encoder, instead of the model's."] = None,
    sonar: Annotated[Path | None, "A SONAR folder, instead of the model's."] = None,
    format: Annotated[str, "text, jsonl, srt or vtt."] = "text",
    output: Annotated[Path | None, "File to write; standard output without it."] = None,
    timings: Annotated[bool, "Say how long each stage took (text and jsonl)."] = False,
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Translate videos."""
    from contextlib import nullcontext
    from dataclasses import replace
    from sys import stdout

    from sonar_sign.core.devices import use_threads
    from sonar_sign.core.files import atomic_write
    from sonar_sign.translation.translate import MODELS
    from sonar_sign.translation.translate import translate as run

    if model not in MODELS:
        raise UserError(f"Model {model!r} is not one of {', '.join(MODELS)}.")
    given = {"sign_hiera": sign_hiera, "sign_encoder": sign_encoder, "sonar": sonar}
    files = replace(MODELS[model], **{name: path for name, path in given.items() if path})
    use_threads(threads)
    with atomic_write(output) if output else nullcontext() as temporary:
        stream = temporary.open("w", encoding="utf-8") if output else stdout
        complete = run(
            video,
            lang,
            files,
            options,
            device=device,
            format=format,
            timings=timings,
            stream=stream,
        )
        if output:
            stream.close()
    if not complete:
        raise typer.Exit(2)


COMMANDS = {"translate": translate}
