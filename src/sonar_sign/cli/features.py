"""Subcommands that run a model over clips or captions."""

from pathlib import Path
from typing import Annotated

from sonar_sign.core.options import ExtractOptions

Sonar = Annotated[Path, "Folder with SONAR's text encoder, decoder and tokenizer."]
Device = Annotated[str, "auto, cpu, cuda or cuda:N."]
Threads = Annotated[int, "Threads of PyTorch; 0: its default."]
Seed = Annotated[int, "Seed of everything random."]
Language = Annotated[str, "FLORES code of the captions' language."]


def extract(
    clips: Annotated[Path, "A clip shard."],
    checkpoint: Annotated[Path, "SignHiera checkpoint."],
    output: Annotated[Path, "Features to write (.npy); the index (.parquet) goes beside it."],
    timings: Annotated[Path, "JSON to write: milliseconds per clip."],
    options: ExtractOptions,
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Run SignHiera over a clip shard.

    Example:
        .venv/bin/sonar-sign extract --clips results/demo/clips/test/0000.tar
            --checkpoint results/demo/checkpoints/stage1/best.pt
            --output out/0000.npy --timings out/0000.timings.json
    """
    from sonar_sign.core.devices import use_threads
    from sonar_sign.features.extract import extract as run

    use_threads(threads)
    run(clips, checkpoint, output, timings, options, device=device)


def embed_text(
    manifest: Annotated[Path, "Table with the captions: clip_id, text."],
    sonar: Sonar,
    output: Annotated[Path, "Targets to write (.npy); the index (.parquet) goes beside it."],
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
    run(manifest, sonar, output, language=language, device=device)


COMMANDS = {"extract": extract, "embed_text": embed_text}
