"""The subcommand from a shard of the manifest to a clip shard; it does not import PyTorch."""

from pathlib import Path
from typing import Annotated

from sonar_sign.cli.corpora import Root, Type
from sonar_sign.cli.paths import CACHE, OUTPUT
from sonar_sign.core.options import CropOptions


def crop(
    shard: Annotated[Path, "A shard of the manifest that shard wrote."],
    corpus_type: Type,
    root: Root,
    output: Annotated[Path, "Clip shard to write, a tar.", OUTPUT],
    timings: Annotated[Path, "JSON to write: milliseconds per clip.", OUTPUT],
    options: CropOptions,
    faces: Annotated[Path | None, "Folder that caches the faces of videos.", CACHE] = None,
    face_model: Annotated[Path | None, "mmod_human_face_detector.dat, for the cnn."] = None,
) -> None:
    """Cut clips out of their videos, around the signer.

    Example:
        .venv/bin/sonar-sign crop --corpus-type demo --root resources/demo/howto
            --shard results/demo/shards/test/0000.tsv --size 64
            --output out/0000.tar --timings out/0000.timings.json
    """
    from sonar_sign.clips.crop import crop as run
    from sonar_sign.corpora import open_corpus

    cropped = open_corpus(corpus_type, root).cropped
    further = {"faces": faces, "face_model": face_model, "cropped": cropped}
    run(shard, root, output, timings, options, **further)


COMMANDS = {"crop": crop}
