"""Subcommands from predictions to the comparison; none of them imports PyTorch."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from sonar_sign.cli.corpora import Manifest
from sonar_sign.core.errors import UserError
from sonar_sign.core.options import MetricOptions

Predictions = Annotated[Path, "Table that predict wrote."]
References = Annotated[Path | None, "Captions in another language, for predictions in it."]


def evaluate(
    predictions: Predictions,
    manifest: Manifest,
    output: Annotated[Path, "Metrics to write, JSON."],
    options: MetricOptions,
    run_info: Annotated[Path | None, "What made the predictions; by default beside them."] = None,
    references: References = None,
    caption_language: Annotated[str, "FLORES code of the manifest's captions."] = "eng_Latn",
) -> None:
    """Score one system's predictions."""
    from sonar_sign.evaluation.evaluate import evaluate as run

    run(
        predictions,
        manifest,
        run_info or predictions.with_suffix(".json"),
        output,
        references=references,
        caption_language=caption_language,
        options=options,
    )


def sample(
    predictions: Predictions,
    manifest: Manifest,
    output: Annotated[Path, "Samples to write, JSON."],
    n: Annotated[int, "How many clips."] = 12,
    seed: Annotated[int, "Seed of the random ones."] = 0,
    references: References = None,
) -> None:
    """Choose a few clips to read."""
    from sonar_sign.evaluation.sample import sample as run

    run(predictions, manifest, output, n=n, seed=seed, references=references)


def compare(
    files: Annotated[
        list[Path],
        typer.Argument(help="Prediction files (.tsv, or a sentence a line), or metrics files."),
    ],
    output: Annotated[Path, "Folder for comparison.json and comparison.md."],
    metrics: MetricOptions,
    reference: Annotated[
        Path | None, "Captions of prediction files: clip_id, source, text."
    ] = None,
    manifest: Annotated[Path | None, "Table with signer, n_frames, fps, for breakdowns."] = None,
    training: Annotated[list[Path], "Table with training captions (text), for floors."] = [],  # noqa: B006
    language: Annotated[str, "FLORES code of prediction files and training captions."] = "eng_Latn",
    corpus_type: Annotated[str, "how2sign: show published results too."] = "",
    split: Annotated[str, "The split that was scored."] = "test",
    seed: Annotated[int, "Seed of the resampling and the floors."] = 0,
) -> None:
    """Put systems side by side, with intervals, significance and floors."""
    from sonar_sign.evaluation.compare import CompareOptions
    from sonar_sign.evaluation.compare import compare as run

    options = CompareOptions(
        reference, manifest, training, language, corpus_type, split, seed, metrics
    )
    run(files, output, options)


def plot(
    comparison: Annotated[Path, "A comparison that compare wrote."],
    output: Annotated[Path, "Folder for the pictures."],
    curves: Annotated[list[str], "NAME=FILE: training curves of a stage; repeat for all."] = [],  # noqa: B006
    dropped: Annotated[list[str], "SPLIT=FILE: what prepare dropped; repeat for all."] = [],  # noqa: B006
) -> None:
    """Draw the pictures of a report."""
    from sonar_sign.report.plot import plot as run

    found = [
        names_and_paths(values, flag) for values, flag in ((curves, "curves"), (dropped, "dropped"))
    ]
    run(comparison, *found, output)


def gallery(
    predictions: Annotated[list[str], "NAME=FILE: predictions of a system; repeat for all."],
    manifest: Manifest,
    output: Annotated[Path, "Folder for index.html and the clips."],
    clips: Annotated[list[Path], "Clip shard of the split; none: no videos."] = [],  # noqa: B006
) -> None:
    """Make a page that plays clips beside their translations."""
    from sonar_sign.report.gallery import gallery as run

    run(names_and_paths(predictions, "predictions"), manifest, clips, output)


def names_and_paths(values: Sequence[str], flag: str) -> dict[str, Path]:
    """`name=path` arguments.

    Raises:
        UserError: one has no `=`.
    """
    for value in values:
        if "=" not in value:
            raise UserError(f"--{flag} {value}: give a name and a file, NAME=FILE.")
    return {value.split("=", 1)[0]: Path(value.split("=", 1)[1]) for value in values}


COMMANDS = {
    "evaluate": evaluate,
    "sample": sample,
    "compare": compare,
    "plot": plot,
    "gallery": gallery,
}
