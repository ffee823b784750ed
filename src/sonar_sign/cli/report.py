"""Subcommands that make what people look at; none of them imports PyTorch."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from sonar_sign.cli.corpora import Manifest
from sonar_sign.cli.paths import FOLDER, NAMED, OUTPUT, Output
from sonar_sign.core.errors import UserError
from sonar_sign.core.languages import FLORES

Speech = Annotated[list[str], "SYSTEM.LANGUAGE=FOLDER: what speak wrote; repeat for all.", NAMED]


def plot(
    comparison: Annotated[Path, "A comparison that compare wrote."],
    output: Annotated[Path, "Folder for the pictures.", FOLDER],
    curves: Annotated[
        list[str], "NAME=FILE: training curves, NAME or NAME.seedN; repeat for all.", NAMED
    ] = [],  # noqa: B006
    dropped: Annotated[list[str], "SPLIT=FILE: what prepare dropped; repeat for all.", NAMED] = [],  # noqa: B006
) -> None:
    """Draw the pictures of a report.

    Example:
        .venv/bin/sonar-sign plot --comparison results/demo/comparison.json --output out/report
            --curves stage2=results/demo/checkpoints/stage2/curves.csv
            --dropped train=results/demo/manifests/train.dropped.tsv
    """
    from sonar_sign.report.plot import plot as run

    found = [
        names_and_paths(values, flag) for values, flag in ((curves, "curves"), (dropped, "dropped"))
    ]
    run(comparison, *found, output)


def gallery(
    predictions: Annotated[list[str], "NAME=FILE: predictions of a system; repeat for all.", NAMED],
    manifest: Manifest,
    output: Annotated[Path, "Folder for index.html and the clips.", Output(inside=("index.html",))],
    clips: Annotated[list[Path], "Clip shard of the split; none: no videos."] = [],  # noqa: B006
    language: Annotated[str, "Language of the predictions.", FLORES] = "eng_Latn",
    speech: Speech = [],  # noqa: B006
) -> None:
    """Make a page that plays clips beside their translations.

    Example:
        .venv/bin/sonar-sign gallery --manifest results/demo/manifests/test.tsv
            --predictions finetuned=results/demo/predictions/finetuned/test.tsv
            --clips results/demo/clips/test/0000.tar --output out/gallery
    """
    from sonar_sign.report.gallery import gallery as run

    run(
        names_and_paths(predictions, "predictions"),
        manifest,
        clips,
        output,
        language,
        speech=names_and_paths(speech, "speech"),
    )


def speech_page(
    speech: Speech,
    output: Annotated[Path, "Page to write, .html, with the sounds in it.", OUTPUT],
) -> None:
    """Make a page that plays what was spoken.

    Example:
        .venv/bin/sonar-sign speech_page --output out/speech.html
            --speech finetuned.eng_Latn=results/demo/speech/finetuned/eng_Latn
    """
    from sonar_sign.report.speech_page import speech_page as run

    run(names_and_paths(speech, "speech"), output)


def names_and_paths(values: Sequence[str], flag: str) -> dict[str, Path]:
    """`name=path` arguments by name.

    Raises:
        UserError: one has no `=`, or two have the same name.
    """
    found: dict[str, Path] = {}
    for value in values:
        name, equals, path = value.partition("=")
        if not equals:
            raise UserError(f"--{flag} {value}: give a name and a file, NAME=FILE.")
        if name in found:
            raise UserError(f"--{flag}: the name {name!r} is given twice; rename one of them.")
        found[name] = Path(path)
    return found


COMMANDS = {"plot": plot, "gallery": gallery, "speech_page": speech_page}
