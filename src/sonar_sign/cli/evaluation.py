"""Subcommands from predictions to the comparison; none of them imports PyTorch."""

from pathlib import Path
from typing import Annotated

import typer

from sonar_sign.cli.corpora import Manifest
from sonar_sign.cli.paths import CACHE, OUTPUT, Input, Output
from sonar_sign.core.bounds import SEEDS, one_of
from sonar_sign.core.languages import FLORES
from sonar_sign.core.options import MetricOptions, SampleOptions

Predictions = Annotated[Path, "Table that predict wrote.", Input(beside=(".json",))]
COMPARISON = Output(inside=("comparison.json", "comparison.md"))
References = Annotated[Path | None, "Captions in another language, for predictions in it."]


def evaluate(
    predictions: Predictions,
    manifest: Manifest,
    output: Annotated[Path, "Metrics to write, JSON.", Output(beside=(".npz",))],
    options: MetricOptions,
    run_info: Annotated[Path | None, "What made the predictions; by default beside them."] = None,
    references: References = None,
    caption_language: Annotated[str, "Language of the manifest's captions.", FLORES] = "eng_Latn",
) -> None:
    """Compute the metrics of one system's predictions.

    Example:
        .venv/bin/sonar-sign evaluate --predictions results/demo/predictions/finetuned/test.tsv
            --manifest results/demo/manifests/test.tsv --output out/finetuned.json
    """
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
    output: Annotated[Path, "Samples to write, JSON.", OUTPUT],
    options: SampleOptions,
    references: References = None,
) -> None:
    """Choose a few clips to read.

    Example:
        .venv/bin/sonar-sign sample --predictions results/demo/predictions/finetuned/test.tsv
            --manifest results/demo/manifests/test.tsv --output out/samples.json --n 20
    """
    from sonar_sign.evaluation.sample import sample as run

    run(predictions, manifest, output, options, references=references)


def compare(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Metrics files (.json), or prediction files (.tsv, or a sentence per line)."
        ),
    ],
    output: Annotated[Path, "Folder for comparison.json and comparison.md.", COMPARISON],
    metrics: MetricOptions,
    reference: Annotated[
        Path | None, "Captions of prediction files: clip_id, source, text."
    ] = None,
    manifest: Annotated[Path | None, "Table with signer, n_frames, fps, for breakdowns."] = None,
    training: Annotated[list[Path], "Table with training captions (text), for floors."] = [],  # noqa: B006
    language: Annotated[
        str, "Language of prediction files and training captions.", FLORES
    ] = "eng_Latn",
    corpus_type: Annotated[
        str, "how2sign: show published results too.", one_of(("how2sign", "ssvp", "demo"))
    ] = "",
    split: Annotated[str, "The split that was evaluated."] = "test",
    seed: Annotated[int, "Seed of the resampling and the floors.", SEEDS] = 0,
) -> None:
    """Put systems side by side, with intervals, significance and floors.

    Metrics files of one system that differ in their seed become one row: mean and standard
    deviation over seeds.

    Example:
        .venv/bin/sonar-sign compare A.tsv B.tsv --reference REFERENCE.tsv --output out/comparison
    """
    from sonar_sign.evaluation.compare import CompareOptions
    from sonar_sign.evaluation.compare import compare as run

    options = CompareOptions(
        reference, manifest, training, language, corpus_type, split, seed, metrics
    )
    run(files, output, options)


def ablation_table(
    comparison: Annotated[Path, "A comparison that compare wrote."],
    output: Annotated[Path, "Markdown file with <!-- table --> and <!-- /table -->.", CACHE],
    base: Annotated[
        str | None, "System that others are compared with; by default the first."
    ] = None,
) -> None:
    """Write a comparison as an ablation's table into a Markdown file.

    A row per system: the settings that differ from the base's, BLEU-4 with its standard deviation
    over seeds, each seed's BLEU-4, and p against the base.

    Example:
        .venv/bin/sonar-sign ablation_table --comparison results/demo/comparison.json
            --output docs/ablation.md --base finetuned
    """
    from sonar_sign.evaluation.ablation_table import write_ablation_table

    write_ablation_table(comparison, output, base)


COMMANDS = {
    "evaluate": evaluate,
    "sample": sample,
    "compare": compare,
    "ablation_table": ablation_table,
}
