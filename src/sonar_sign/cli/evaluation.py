"""Subcommands from predictions to the comparison; none of them imports PyTorch."""

from pathlib import Path
from typing import Annotated

from sonar_sign.cli.corpus import Manifest

Predictions = Annotated[Path, "Table that predict wrote."]
References = Annotated[Path | None, "Captions in another language, for predictions in it."]


def evaluate(
    predictions: Predictions,
    manifest: Manifest,
    output: Annotated[Path, "Metrics to write, JSON."],
    run_info: Annotated[Path | None, "What made the predictions; by default beside them."] = None,
    references: References = None,
    caption_language: Annotated[str, "FLORES code of the manifest's captions."] = "eng_Latn",
    nltk_data: Annotated[Path | None, "Folder of nltk data with WordNet, for METEOR."] = None,
) -> None:
    """Score one system's predictions."""
    from sonar_sign.evaluate import evaluate as run

    run(
        predictions,
        manifest,
        run_info or predictions.with_suffix(".json"),
        output,
        references=references,
        caption_language=caption_language,
        nltk_data=nltk_data,
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
    from sonar_sign.sample import sample as run

    run(predictions, manifest, output, n=n, seed=seed, references=references)


def compare(
    metrics: Annotated[list[Path], "Metrics of a system; repeat for all, in the order of rows."],
    output: Annotated[Path, "Comparison to write, JSON."],
    markdown: Annotated[Path, "Comparison to write, Markdown."],
) -> None:
    """Put the metrics of all systems side by side."""
    from sonar_sign.compare import compare as run

    run(metrics, output, markdown)


def show(comparison: Annotated[Path, "A comparison that compare wrote."]) -> None:
    """Print a comparison as a table."""
    from sonar_sign.compare import print_table

    print_table(comparison)


COMMANDS = {"evaluate": evaluate, "sample": sample, "compare": compare, "show": show}
