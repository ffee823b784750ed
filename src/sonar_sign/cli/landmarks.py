"""Subcommands of landmarks; none of them imports PyTorch."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from sonar_sign.cli.corpora import Root, Split
from sonar_sign.cli.paths import ARRAY, FOLDER, OUTPUT
from sonar_sign.cli.settings import add_command
from sonar_sign.core.bounds import matching
from sonar_sign.core.options import LandmarkOptions, LandmarkSource

Table = Annotated[Path, "A manifest that prepare wrote, or a shard."]
SplitOfTable = Annotated[
    str, "By default the manifest's name.", matching("train|val|test", "train, val or test")
]


def extract_landmarks(
    shard: Annotated[Path, "A shard of the manifest that shard wrote."],
    root: Root,
    split: Split,
    output: Annotated[
        Path, "Landmarks to write (.npy); the index (.parquet) goes beside it.", ARRAY
    ],
    timings: Annotated[Path, "JSON to write: milliseconds per clip.", OUTPUT],
    counts: Annotated[Path, "JSON to write: how many points and rows were missing.", OUTPUT],
    options: LandmarkOptions,
) -> None:
    """Turn the keypoints of a shard's clips into rows for a model.

    Example:
        .venv/bin/sonar-sign extract_landmarks --shard results/demo/shards/test/0000.tsv
            --root resources/demo/howto --split test --output out/0000.npy
            --timings out/0000.timings.json --counts out/0000.counts.json
    """
    from sonar_sign.landmarks.extract import extract_landmarks as run

    run(shard, root, split, output, timings, counts, options)


def export(
    output: Annotated[Path, "Folder to write {clip_id}.pose into.", FOLDER],
    manifest: Table = Path("results/demo/manifests/test.tsv"),
    root: Root = Path("resources/demo/howto"),
    split: SplitOfTable = "",
    source: Annotated[LandmarkSource, "What the keypoints are read from."] = "openpose",
) -> None:
    """Write clips' keypoints as .pose files, which the field's tools read.

    Example:
        .venv/bin/sonar-sign landmarks export --output out/poses
    """
    from sonar_sign.landmarks.export import export as run

    written = run(manifest, root, split or manifest.stem, source, output)
    print(f"{written} files in {output}")


def show(
    clip: Annotated[list[str], typer.Argument(help="Clip ids of the manifest.")],
    options: LandmarkOptions,
    manifest: Table = Path("results/demo/manifests/test.tsv"),
    root: Root = Path("resources/demo/howto"),
    split: SplitOfTable = "",
    output: Annotated[Path, "Folder to write {clip_id}.mp4 or .png into.", FOLDER] = Path("."),
    format: Annotated[Literal["mp4", "png"], "A video, or a contact sheet."] = "mp4",
    picture: Annotated[bool, "Draw over the video, not on an empty picture."] = True,
) -> None:
    """Draw the landmarks of clips.

    Example:
        .venv/bin/sonar-sign landmarks show CLIP --output out --format png
    """
    from sonar_sign.landmarks.show import show as run

    split = split or manifest.stem
    written = run(clip, manifest, root, split, output, options, format=format, picture=picture)
    print(*written, sep="\n")


COMMANDS = {"extract_landmarks": extract_landmarks}
landmarks = typer.Typer(help="Draw landmarks, and export them.", no_args_is_help=True)
for function in (show, export):
    add_command(landmarks, function.__name__, function)
