"""Subcommands that speak."""

from pathlib import Path
from typing import Annotated

import typer

from sonar_sign.core.speech_options import SpeakOptions


def speak(
    text: Annotated[
        str, typer.Argument(help="What to say; or a file: one text a line, or JSON lines.")
    ],
    output: Annotated[Path, "Folder to write WAV files to, each with a .json beside it."],
    options: SpeakOptions,
    language: Annotated[str, "FLORES code of the texts' language."] = "eng_Latn",
) -> None:
    """Read texts aloud, in a style.

    Example:
        .venv/bin/sonar-sign speak "The train leaves at seven." --style happy --output out/speech
    """
    import sys

    from sonar_sign.core.errors import UserError
    from sonar_sign.speech.engine import Failure
    from sonar_sign.speech.speak import Line, given, lines_of_file
    from sonar_sign.speech.speak import speak as run

    feeling = given(options)
    path = Path(text)
    is_file = len(text) < 4096 and "\n" not in text and "\0" not in text and path.is_file()
    lines = lines_of_file(path, feeling) if is_file else [Line("0001", text, feeling)]
    outcomes = run(lines, language, output, options, sys.stderr)
    spoken = sum(not isinstance(outcome, Failure) for outcome in outcomes)
    print(f"{spoken} of {len(lines)} texts were spoken, in {output}.")
    if spoken < len(lines):
        raise UserError(f"{len(lines) - spoken} texts were not spoken; the reasons stand above.")


COMMANDS = {"speak": speak}
