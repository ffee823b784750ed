"""Subcommands that translate: videos, or the clips of a split."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from sonar_sign.cli.features import Device, Language, Seed, Threads
from sonar_sign.cli.paths import FILE_OR_FOLDER, OUTPUT, Output
from sonar_sign.cli.speech import SpokenTranslations
from sonar_sign.core.errors import UserError
from sonar_sign.core.languages import FLORES
from sonar_sign.core.options import PredictOptions, TranslateOptions
from sonar_sign.core.settings import INPUT_PATH, check_options
from sonar_sign.translation.inputs import FeatureFiles, LandmarkFiles, SonarModels
from sonar_sign.translation.model_choice import ModelChoice
from sonar_sign.translation.subtitles import Format

TABLE_WITH_RUN_INFO = Output(beside=(".json", ".timings.json"))
System = Annotated[str, "Name of the system; it is written into the run info."]


def translate(
    video: Annotated[list[Path], typer.Argument(help="Videos, or folders of videos.")],
    choice: ModelChoice,
    options: TranslateOptions,
    lang: Annotated[
        list[str], "Language to translate into; repeat for more. Default: the system's.", FLORES
    ] = [],  # noqa: B006 (Typer's way)
    keypoints: Annotated[
        Path | None,
        "For systems that read landmarks: OpenPose's folder of a video, a .pose file, or a folder "
        "that has one of these per video; without it MediaPipe finds them.",
        INPUT_PATH,
    ] = None,
    format: Annotated[Format, "What is written."] = "text",
    output: Annotated[
        Path | None,
        "File to write, or folder for subtitles of several videos; standard output without it.",
        FILE_OR_FOLDER,
    ] = None,
    timings: Annotated[bool, "Write how long each stage took (text and jsonl)."] = False,
    device: Device = "auto",
    threads: Threads = 0,
    *,
    spoken: SpokenTranslations,
) -> None:
    """Translate videos.

    Example:
        .venv/bin/sonar-sign translate clip.mp4 --system finetuned --lang eng_Latn --lang ita_Latn
    """
    from sonar_sign.translation.request import Request
    from sonar_sign.translation.result_files import ResultOptions
    from sonar_sign.translation.translate import translate as run

    systems = choice.find()
    for one in systems:  # n_best against each system's own beam
        beam_size = options.beam_size or one.decoding.beam_size
        check_options(replace(options, beam_size=beam_size))
    speech = spoken.collector()
    if speech is not None:
        speech.check(lang or [one.language for one in systems])
    complete = run(
        video,
        systems,
        Request(lang or None, options, keypoints),
        device=device,
        output=output,
        results=ResultOptions(format, timings),
        stream=sys.stdout,
        threads=threads,
        listener=speech and speech.hear,
    )
    if speech is not None:
        complete &= speech.finish()
    if not complete:
        raise typer.Exit(2)


def predict(
    files: FeatureFiles,
    models: SonarModels,
    language: Annotated[list[str], "Language to translate into; repeat for more.", FLORES],
    output: Annotated[
        list[Path], "Table to write, one per language, in the same order.", TABLE_WITH_RUN_INFO
    ],
    system: System,
    options: PredictOptions,
    seed: Seed = 0,
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Translate the clips of feature shards.

    Example:
        .venv/bin/sonar-sign predict --features results/demo/features/stage1/test/0000.npy
            --timings results/demo/features/stage1/test/0000.timings.json
            --sign-hiera results/demo/checkpoints/stage1/best.pt
            --sign-encoder results/demo/checkpoints/stage2/best.pt
            --sonar resources/models/demo/sonar --language eng_Latn
            --system finetuned --output out/test.tsv
    """
    if bool(files.landmarks) != (models.landmark_model is not None):
        raise UserError("--landmarks and --landmark-model belong together; give both or none.")
    if len(language) != len(output):
        raise UserError("Give one --output for every --language, in the same order.")
    from sonar_sign.core.devices import use_threads
    from sonar_sign.translation.predict import PredictionRun
    from sonar_sign.translation.predict import predict as run

    use_threads(threads)
    outputs = dict(zip(language, output, strict=True))
    run(models, files, options, PredictionRun(system, outputs, seed, device))


def predict_landmarks(
    files: LandmarkFiles,
    output: Annotated[
        Path, "Table to write; the run info (.json) goes beside it.", TABLE_WITH_RUN_INFO
    ],
    attention: Annotated[Path, "Attention of a few clips to write, .npz.", OUTPUT],
    system: System,
    options: PredictOptions,
    language: Language = "eng_Latn",
    seed: Seed = 0,
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Translate the clips of landmark shards.

    Example:
        .venv/bin/sonar-sign predict_landmarks --landmarks results/demo/landmarks/test/0000.npy
            --timings results/demo/landmarks/test/0000.timings.json
            --model results/demo/checkpoints/landmarks/best.pt --system landmarks
            --output out/test.tsv --attention out/test.attention.npz
    """
    from sonar_sign.core.devices import use_threads
    from sonar_sign.translation.predict import PredictionRun
    from sonar_sign.translation.predict import predict_landmarks as run

    use_threads(threads)
    run(files, options, PredictionRun(system, {language: output}, seed, device), attention)


def plot_attention(
    attention: Annotated[Path, "Attention that predict_landmarks wrote, .npz."],
    output: Annotated[Path, "Picture to write, .svg.", OUTPUT],
) -> None:
    """Draw the attention of the landmark translator for a few clips.

    Example:
        .venv/bin/sonar-sign plot_attention --output out/attention.svg
            --attention results/demo/predictions/landmarks/test.attention.npz
    """
    from sonar_sign.translation.attention import draw_attention

    draw_attention(attention, output)


COMMANDS = {
    "translate": translate,
    "predict": predict,
    "predict_landmarks": predict_landmarks,
    "plot_attention": plot_attention,
}
