"""Subcommands that run a model over clips or captions."""

from pathlib import Path
from typing import Annotated

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import ExtractOptions, PredictOptions

Sonar = Annotated[Path, "Folder with SONAR's text encoder, decoder and tokenizer."]
Device = Annotated[str, "auto, cpu, cuda or cuda:N."]
Threads = Annotated[int, "Threads of PyTorch; 0 leaves its own choice."]
Seed = Annotated[int, "Seed of everything that is drawn."]
Language = Annotated[str, "FLORES code of the captions' language."]


def extract(
    clips: Annotated[Path, "A clip shard."],
    checkpoint: Annotated[Path, "SignHiera checkpoint."],
    output: Annotated[Path, "Features to write (.npy); the index (.parquet) goes beside it."],
    timings: Annotated[Path, "JSON to write: milliseconds a clip."],
    options: ExtractOptions,
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Run SignHiera over a clip shard."""
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
    """Embed captions with SONAR's text encoder, the teacher."""
    from sonar_sign.core.devices import use_threads
    from sonar_sign.features.embed_text import embed_text as run

    use_threads(threads)
    run(manifest, sonar, output, language=language, device=device)


def predict(
    features: Annotated[list[Path], "A feature shard; repeat for all of the split."],
    timings: Annotated[list[Path], "Timings of a feature shard; repeat likewise."],
    sign_encoder: Annotated[Path, "Sign encoder checkpoint."],
    sign_hiera: Annotated[Path, "SignHiera checkpoint that made the features."],
    sonar: Sonar,
    language: Annotated[list[str], "Language to translate into; repeat for more."],
    output: Annotated[list[Path], "Table to write, one a language, in the same order."],
    system: Annotated[str, "Name of the system: zero_shot, stage1, finetuned or fused."],
    options: PredictOptions,
    sonar_decoder: Annotated[Path | None, "Decoder that stage 2 trained, for SONAR's."] = None,
    targets: Annotated[Path | None, "Targets of the clips, for the cosine with them."] = None,
    landmarks: Annotated[list[Path], "A landmark shard, for a fused encoder; repeat."] = [],  # noqa: B006
    landmark_model: Annotated[Path | None, "Landmark model of a fused encoder."] = None,
    seed: Seed = 0,
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Translate the clips of feature shards."""
    if bool(landmarks) != (landmark_model is not None):
        raise UserError("--landmarks and --landmark-model belong together; give both or none.")
    if len(language) != len(output):
        raise UserError("Give one --output for every --language, in the same order.")
    from sonar_sign.core.devices import use_threads
    from sonar_sign.translation.predict import predict as run

    use_threads(threads)
    outputs = dict(zip(language, output, strict=True))
    run(
        features,
        timings,
        sign_encoder,
        sign_hiera,
        sonar,
        outputs,
        options,
        system=system,
        seed=seed,
        device=device,
        sonar_decoder=sonar_decoder,
        targets=targets,
        landmarks=landmarks,
        landmark_model=landmark_model,
    )


COMMANDS = {"extract": extract, "embed_text": embed_text, "predict": predict}
