"""`translate`: any videos through a system's models, without a workflow."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import TranslateOptions
from sonar_sign.core.progress import track
from sonar_sign.core.video import VideoError
from sonar_sign.translation.subtitles import FORMATS, Writer
from sonar_sign.translation.translator import ModelFiles, Translator

VIDEO_SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg", ".gif", ".ts"}

# Systems that `--model` knows by name, relative to the project's folder.
MODELS = {
    "demo": ModelFiles(
        Path("results/demo/checkpoints/stage1/best.pt"),
        Path("results/demo/checkpoints/stage2/best.pt"),
        Path("resources/models/demo/sonar"),
    ),
    "public": ModelFiles(
        Path("resources/models/dm_70h_ub_signhiera.pth"),
        Path("resources/models/dm_70h_ub_sonar_encoder.pth"),
        Path("resources/models/sonar"),
    ),
}


def translate(
    videos: Sequence[Path],
    languages: Sequence[str],
    files: ModelFiles,
    options: TranslateOptions,
    *,
    device: str = "auto",
    format: str = "text",
    timings: bool = False,
    stream: TextIO = sys.stdout,
) -> bool:
    """Translate videos and folders of videos, and write the result to `stream`.

    A video that cannot be read is one line on standard error; the others are translated.

    Returns:
        Whether every video was translated.

    Raises:
        UserError: a model cannot be loaded, or a language or the format is unknown.
    """
    if format not in FORMATS:
        raise UserError(f"Format {format!r} is not one of {', '.join(FORMATS)}.")
    translator = Translator.load(files, options, device)
    for language in languages:
        translator.sonar.check_language(language)
    complete = True
    listed = list(_listed(videos))
    writer = Writer(stream, format, timings)
    for path in track(listed, "Translating", len(listed)):
        try:
            if isinstance(path, UserError):
                raise path
            for translation in translator.translate(path, languages):
                if translation.box_from == "fallback":
                    _warn(f"{path}: no face was found; the middle of the frame is read.")
                writer.write(translation)
        except VideoError as error:
            _warn(f"{path} cannot be translated: {error.detail}.")
            complete = False
        except UserError as error:
            _warn(str(error))
            complete = False
    return complete


def _listed(videos: Sequence[Path]) -> Iterator[Path | UserError]:
    """The videos to translate; what is none is an error in its place."""
    for path in videos:
        if path.is_dir():
            found = sorted(p for p in path.iterdir() if p.suffix.lower() in VIDEO_SUFFIXES)
            yield from found or [UserError(f"{path} is a folder without videos.")]
        elif path.is_file():
            yield path
        else:
            yield UserError(f"{path} does not exist.")


def _warn(sentence: str) -> None:
    print(f"sonar-sign: {sentence}", file=sys.stderr)
