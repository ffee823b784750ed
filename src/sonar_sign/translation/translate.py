"""`translate`: translates videos with a system's models, without the workflow."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import TranslateOptions
from sonar_sign.core.progress import track
from sonar_sign.core.settings import check_options
from sonar_sign.core.video import VideoError
from sonar_sign.core.wording import nearest
from sonar_sign.translation.inputs import SonarModels
from sonar_sign.translation.subtitles import FORMATS, Writer
from sonar_sign.translation.translator import Translator

VIDEO_SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg", ".gif", ".ts"}


def translate(
    videos: Sequence[Path],
    languages: Sequence[str],
    models: SonarModels,
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
        UserError: an option, the format or a language is unknown or out of range (found before
            any model is loaded), or a model cannot be loaded.
    """
    check_options(options)
    if format not in FORMATS:
        raise UserError(f"There is no format {format!r}; {nearest(format, FORMATS)}.")
    translator = Translator.load(models, languages, options, device)
    complete = True
    listed = list(_listed(videos))
    writer = Writer(stream, format, timings)
    for path in track(listed, "Translating", len(listed)):
        try:
            if isinstance(path, UserError):
                raise path
            for translation in translator.translate(path, languages):
                if translation.box_from == "fallback":
                    _warn(f"{path}: no face was found, so the middle of the frame is used.")
                writer.write(translation)
        except VideoError as error:
            _warn(f"{path} cannot be translated: {error.detail}.")
            complete = False
        except UserError as error:
            _warn(str(error))
            complete = False
    return complete


def _listed(videos: Sequence[Path]) -> Iterator[Path | UserError]:
    """The videos to translate; a path that is none is an error in its place."""
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
