"""Subcommands that run a model over clips or captions."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from sonar_sign.cli.paths import ARRAY, OUTPUT
from sonar_sign.core.bounds import SEEDS, THREADS
from sonar_sign.core.gpus import refusal_of_device
from sonar_sign.core.languages import FLORES
from sonar_sign.core.options import DEVICES, ExtractOptions
from sonar_sign.core.settings import INPUT_FILE, INPUT_FOLDER, CheckHere
from sonar_sign.core.target_options import TargetOptions

Sonar = Annotated[Path, "Folder with SONAR's text encoder, decoder and tokenizer.", INPUT_FOLDER]
Device = Annotated[str, "Where models run.", DEVICES, CheckHere(refusal_of_device)]
Threads = Annotated[int, "Threads of PyTorch; 0: its default.", THREADS]
Seed = Annotated[int, "Seed of everything random.", SEEDS]
Language = Annotated[str, "The captions' language.", FLORES]


def extract(
    clips: Annotated[Path, "A clip shard.", INPUT_FILE],
    checkpoint: Annotated[Path, "SignHiera checkpoint.", INPUT_FILE],
    output: Annotated[
        Path, "Features to write (.npy); the index (.parquet) goes beside it.", ARRAY
    ],
    timings: Annotated[Path, "JSON to write: milliseconds per clip.", OUTPUT],
    options: ExtractOptions,
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Run SignHiera over a clip shard.

    Example:
        .venv/bin/sonar-sign extract --clips results/demo/clips/test/0000.tar
            --checkpoint resources/models/demo/sign_hiera.pth
            --output out/0000.npy --timings out/0000.timings.json
    """
    from sonar_sign.core.devices import reader_processes, use_threads
    from sonar_sign.features.extract import extract as run

    options = replace(options, num_workers=reader_processes(options.num_workers, device))
    use_threads(threads, options.num_workers)
    run(clips, checkpoint, output, timings, options, device=device)


def embed_text(
    manifest: Annotated[Path, "Table with the captions: clip_id, text.", INPUT_FILE],
    sonar: Sonar,
    output: Annotated[Path, "Targets to write (.npy); the index (.parquet) goes beside it.", ARRAY],
    options: TargetOptions,
    language: Language = "eng_Latn",
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Embed captions with SONAR's text encoder: the targets of training.

    Example:
        .venv/bin/sonar-sign embed_text --manifest results/demo/manifests/test.tsv
            --sonar resources/models/demo/sonar --output out/test.npy
    """
    from sonar_sign.core.devices import use_threads
    from sonar_sign.features.embed_text import embed_text as run

    use_threads(threads)
    run(manifest, sonar, output, options, language=language, device=device)


COMMANDS = {"extract": extract, "embed_text": embed_text}
