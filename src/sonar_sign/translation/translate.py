"""`translate`: translates videos with a system's models, without the workflow."""

import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import TranslateOptions
from sonar_sign.core.progress import track
from sonar_sign.core.settings import check_options
from sonar_sign.core.video import VideoError
from sonar_sign.core.video_pictures import has_pictures
from sonar_sign.core.wording import nearest
from sonar_sign.translation.inputs import SonarModels
from sonar_sign.translation.result_files import ResultFiles, ResultOptions
from sonar_sign.translation.subtitles import FORMATS, printable
from sonar_sign.translation.translator import Translator

VIDEO_SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg", ".gif", ".ts"}


def translate(
    videos: Sequence[Path],
    languages: Sequence[str],
    models: SonarModels,
    options: TranslateOptions,
    *,
    device: str = "auto",
    output: Path | None = None,
    results: ResultOptions = ResultOptions(),  # noqa: B008 (frozen)
    stream: TextIO = sys.stdout,
) -> bool:
    """Translate videos and folders of videos, and write the results as they come.

    A video that cannot be read is one line on standard error; the others are translated.

    Args:
        output: file to write, or folder where subtitles of several videos go; None: `stream`.

    Returns:
        Whether every video was translated.

    Raises:
        UserError: an option, the format or a language is unknown or out of range, or the output
            does not fit (found before any model is loaded), or a model cannot be loaded.
    """
    _check(options, results)
    listed = [one for path in videos for one in _listed(path)]
    found = [path for path in listed if isinstance(path, Path)]
    with ResultFiles(output, found, results, stream) as written:
        complete = len(found) == len(listed)
        for error in listed:
            if isinstance(error, UserError):
                _warn(str(error))
        if not found:
            return False
        translator = Translator.load(models, languages, options, device)
        for path in track(found, "Translating", len(found)):
            complete &= _translate_one(translator, path, languages, written)
    return complete


def _check(options: TranslateOptions, results: ResultOptions) -> None:
    check_options(options)
    format = results.format
    if format not in FORMATS:
        raise UserError(f"There is no format {format!r}; {nearest(format, FORMATS)}.")


def _translate_one(
    translator: Translator, path: Path, languages: Sequence[str], written: ResultFiles
) -> bool:
    """Translate a video; False if it cannot be read to its end, which is one line."""
    try:
        for translation in translator.translate(path, languages):
            if translation.box_from == "fallback" and translation.start_s == 0:
                _warn(f"{path}: no face was found, so the middle of the frame is used.")
            if not translation.signed:
                _warn(
                    f"{path}: from {translation.start_s:.2f} to {translation.end_s:.2f} s nothing "
                    "is signed: the picture does not move."
                )
            written.write(translation)
    except VideoError as error:
        _warn(f"{path} cannot be translated: {error.detail}.")
        return False
    return True


def _listed(path: Path) -> list[Path | UserError]:
    """A video, or those of a folder; a path that is none is an error in its place."""
    try:
        if not stat.S_ISDIR(path.stat().st_mode):
            return [path]
        # Names with a dot before are no videos, but what macOS knows of them.
        inside = sorted(p for p in path.iterdir() if not p.name.startswith("."))
        videos = [p for p in inside if p.suffix.lower() in VIDEO_SUFFIXES or _is_frames(p)]
        if not videos and has_pictures(path):
            return [path]
    except FileNotFoundError:
        return [UserError(f"{path} does not exist.")]
    except OSError as error:
        return [UserError(f"{path} cannot be read: {error.strerror}.")]
    return videos or [UserError(f"{path} is a folder without videos.")]


def _is_frames(path: Path) -> bool:
    return path.is_dir() and has_pictures(path)


def _warn(sentence: str) -> None:
    print(f"sonar-sign: {printable(sentence)}", file=sys.stderr)
