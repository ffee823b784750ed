"""Subcommands from annotations to shards of the manifest; none of them imports PyTorch."""

from pathlib import Path
from typing import Annotated

import typer

from sonar_sign.cli.operations import Config
from sonar_sign.cli.paths import OUTPUT, Cache
from sonar_sign.cli.settings import add_command
from sonar_sign.core.bounds import between, one_of
from sonar_sign.core.corpus_options import CORPUS_TYPES, CorpusOptions
from sonar_sign.core.errors import UserError
from sonar_sign.core.languages import FLORES
from sonar_sign.core.options import PrepareOptions

PROBES = Cache(begins="source\t")
Type = Annotated[str, "Layout of the corpus.", one_of(CORPUS_TYPES)]
Root = Annotated[Path, "Folder of the corpus."]
Split = Annotated[str, "Split of the corpus.", one_of(("train", "val", "test"))]
Manifest = Annotated[Path, "A manifest that prepare wrote."]


def prepare(
    corpus_type: Type,
    root: Root,
    split: Split,
    manifest: Annotated[Path, "Table to write: the clips that can be used.", OUTPUT],
    dropped: Annotated[Path, "Table to write: the other clips, each with the reason.", OUTPUT],
    clamped: Annotated[
        Path, "Table to write: clips whose times reach outside their video.", OUTPUT
    ],
    options: PrepareOptions,
    reading: CorpusOptions,
    probes: Annotated[
        Path | None, "Table that caches the properties of video files.", PROBES
    ] = None,
    workers: Annotated[int, "Videos probed at the same time.", between(1, 256)] = 1,
) -> None:
    """Turn annotations and video files into a manifest.

    Example:
        .venv/bin/sonar-sign prepare --corpus-type how2sign --root data/how2sign --split val
            --manifest out/val.tsv --dropped out/val.dropped.tsv --clamped out/val.clamped.tsv
    """
    from sonar_sign.corpora.prepare import prepare as run

    run(
        corpus_type,
        root,
        split,
        manifest,
        dropped,
        clamped,
        options,
        reading=reading,
        probes=probes,
        workers=workers,
    )


def summarise(
    corpus: Annotated[str, "Name of the corpus."],
    corpus_type: Type,
    manifest: Annotated[list[Path], "Manifest of a split; repeat for all."],
    output: Annotated[Path, "JSON to write.", OUTPUT],
    plot: Annotated[Path, "SVG of the clips' durations to write.", OUTPUT],
    sentences: Annotated[list[Path], "A synthetic corpus's sentences_SPLIT.tsv; repeat."] = (),
) -> None:
    """Count what prepare found in all splits of a corpus.

    Example:
        .venv/bin/sonar-sign summarise --corpus demo --corpus-type demo
            --manifest results/demo/manifests/val.tsv --manifest results/demo/manifests/test.tsv
            --output out/summary.json --plot out/durations.svg
    """
    from sonar_sign.corpora.summarise import SplitFiles, as_text
    from sonar_sign.corpora.summarise import summarise as run

    tables = {path.stem.removeprefix("sentences_"): path for path in sentences}
    splits = {path.stem: SplitFiles.of(path, tables.get(path.stem)) for path in manifest}
    if len(splits) < len(manifest):
        raise UserError(
            "Two manifests have the same name, so they are of one split; give each once."
        )
    if further := sorted(tables.keys() - splits.keys()):
        raise UserError(f"{tables[further[0]]} is of a split whose manifest is not given.")
    print(as_text(run(corpus, corpus_type, splits, output, plot)))


def captions(
    corpus_type: Type,
    root: Root,
    split: Split,
    language: Annotated[str, "Language of the captions.", FLORES],
    manifest: Manifest,
    output: Annotated[Path, "Table to write: clip_id, text.", OUTPUT],
    reading: CorpusOptions,
) -> None:
    """Read the captions of a manifest's clips in another language.

    Example:
        .venv/bin/sonar-sign captions --corpus-type demo --root resources/demo/howto
            --split test --manifest results/demo/manifests/test.tsv
            --language ita_Latn --output out/test.ita_Latn.tsv
    """
    from sonar_sign.corpora.parallel_captions import write_captions

    write_captions(corpus_type, root, split, language, manifest, output, reading)


def shard(
    manifest: Manifest,
    output: Annotated[list[Path], "Table to write; repeat for all shards, in their order.", OUTPUT],
) -> None:
    """Assign the clips of a manifest to shards.

    Example:
        .venv/bin/sonar-sign shard --manifest results/demo/manifests/test.tsv
            --output out/0000.tsv --output out/0001.tsv
    """
    from sonar_sign.corpora.shard import shard as run

    run(manifest, output)


def check(
    config: Config = [],  # noqa: B006 (Typer's way)
    name: Annotated[str, "One corpus of the config; empty: all of them."] = "",
    output: Annotated[
        Path, "PNG to write: the first video with the box that would be cut out.", OUTPUT
    ] = Path("corpus_check.png"),
) -> None:
    """Show what a config's corpora hold, as it is understood, before anything is computed.

    Example:
        .venv/bin/sonar-sign corpus check --config config/how2sign.yaml
    """
    from sonar_sign.core.wording import nearest
    from sonar_sign.operations.config import load_config
    from sonar_sign.operations.corpus_report import check_corpus, draw_first, next_command

    found = load_config(config)
    corpora = found.experiment.corpora
    if name and name not in corpora:
        raise UserError(f"--name {name!r} is no corpus of the config; {nearest(name, corpora)}.")
    problems, drawn = [], False
    for one in [name] if name else corpora:
        report = check_corpus(found, one)
        print("\n".join(report.lines), flush=True)
        if report.first is not None and not drawn:
            print("\n".join(draw_first(report, found.values["crop"], output)))
            drawn = True
        problems += report.problems
    if problems:
        raise UserError(f"A run cannot begin yet: {problems[0]}")
    print(f"\nNext: {next_command(config, name or found.values['corpus']['name'])}")


COMMANDS = {
    "prepare": prepare,
    "summarise": summarise,
    "captions": captions,
    "shard": shard,
}
corpus = typer.Typer(help="Look at a corpus.", no_args_is_help=True)
add_command(corpus, "check", check)
