"""Subcommands from predictions to the comparison; none of them imports PyTorch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from sonar_sign.cli.corpora import Manifest
from sonar_sign.cli.paths import CACHE, NAMED, OUTPUT, Input, Output
from sonar_sign.core.bounds import SEEDS, one_of
from sonar_sign.core.corpus_options import CORPUS_TYPES
from sonar_sign.core.languages import FLORES
from sonar_sign.core.options import MetricOptions, SampleOptions
from sonar_sign.core.table_options import ImportOptions, TableOptions

Predictions = Annotated[
    Path, "Table that predict wrote, or one of the same columns.", Input(beside=(".json",))
]
COMPARISON = Output(
    inside=(
        *("comparison.json", "comparison.md", "comparison.timings.json"),
        *("comparison.tex", "comparison.csv", "comparison.bib"),
    )
)
References = Annotated[Path | None, "Captions in another language, for predictions in it."]


@dataclass(frozen=True)
class CompareFiles:
    """What stands beside the systems of a comparison."""

    reference: Annotated[
        list[Path],
        "Captions of prediction files: clip_id, source, text, or a sentence per line; repeat for "
        "further references of the same clips.",
    ] = ()
    manifest: Annotated[
        Path | None, "Table with signer, n_frames, fps, needs_context, for breakdowns."
    ] = None
    training: Annotated[list[Path], "Training captions, for floors: text, or one per line."] = ()
    timings: Annotated[list[Path], "What predict measured (.timings.json); repeat for all."] = ()


def evaluate(
    predictions: Predictions,
    manifest: Manifest,
    output: Annotated[Path, "Metrics to write, JSON.", Output(beside=(".npz",))],
    options: MetricOptions,
    tables: TableOptions,
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
        tables=tables,
    )


def sample(
    predictions: Predictions,
    manifest: Manifest,
    output: Annotated[Path, "Samples to write, JSON.", OUTPUT],
    options: SampleOptions,
    tables: TableOptions,
    references: References = None,
    language: Annotated[str, "Language of the predictions.", FLORES] = "eng_Latn",
) -> None:
    """Choose a few clips to read.

    Example:
        .venv/bin/sonar-sign sample --predictions results/demo/predictions/finetuned/test.tsv
            --manifest results/demo/manifests/test.tsv --output out/samples.json --n 20
    """
    from sonar_sign.evaluation.sample import sample as run

    run(
        predictions, manifest, output, options,
        references=references, language=language, tables=tables,
    )  # fmt: skip


def compare(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Metrics files (.json), or prediction files: TSV, CSV, JSON, JSON lines, Parquet, "
            "or a sentence per line. NAME=FILE names a system."
        ),
        NAMED,
    ],
    output: Annotated[Path, "Folder for comparison.json and comparison.md.", COMPARISON],
    beside: CompareFiles,
    metrics: MetricOptions,
    tables: TableOptions,
    language: Annotated[
        str, "Language of prediction files and training captions.", FLORES
    ] = "eng_Latn",
    corpus_type: Annotated[str, "how2sign: show published results too.", one_of(CORPUS_TYPES)] = "",
    split: Annotated[str, "The split that was evaluated."] = "test",
    seed: Annotated[int, "Seed of the resampling and the floors.", SEEDS] = 0,
    quiet: Annotated[bool, "Do not print the table."] = False,
) -> None:
    """Put systems side by side, with intervals, significance and floors.

    Metrics files of one system that differ in their seed become one row: mean and standard
    deviation over seeds.

    Example:
        .venv/bin/sonar-sign compare A.tsv B.tsv --reference REFERENCE.tsv --output out/comparison
    """
    from sonar_sign.evaluation.compare import CompareOptions
    from sonar_sign.evaluation.compare import compare as run

    first, *further = beside.reference or [None]
    options = CompareOptions(
        reference=first,
        further_references=further,
        manifest=beside.manifest,
        training=beside.training,
        language=language,
        corpus_type=corpus_type,
        split=split,
        seed=seed,
        metrics=metrics,
        tables=tables,
        timings=beside.timings,
    )
    run(files, output, options)
    if not quiet:
        from sonar_sign.evaluation.comparison_table import print_table

        print_table(output / "comparison.json")


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


def import_predictions(
    outputs: Annotated[
        Path, "What fairseq-generate, SSVP-SLT, Uni-Sign or SpaMo printed or saved."
    ],
    reference: Annotated[Path, "The captions: clip_id, text."],
    output: Annotated[Path, "Table for compare to write.", OUTPUT],
    options: ImportOptions,
    tables: TableOptions,
) -> None:
    """Make the output of another paper's program a table for compare, checking its clips.

    Example:
        .venv/bin/sonar-sign import_predictions --outputs test_outputs.tsv
            --reference REFERENCE.tsv --output out/ssvp_slt.tsv
    """
    from sonar_sign.core.notes import tell
    from sonar_sign.evaluation.import_predictions import import_predictions as run

    tell(run(outputs, reference, output, options, tables))


COMMANDS = {
    "evaluate": evaluate,
    "sample": sample,
    "compare": compare,
    "import_predictions": import_predictions,
    "ablation_table": ablation_table,
}
