"""`translate`: translates videos with one or several systems, without the workflow."""

import stat
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from sonar_sign.core.errors import UserError
from sonar_sign.core.progress import track
from sonar_sign.core.settings import check_options
from sonar_sign.core.video import VideoError
from sonar_sign.core.video_pictures import has_pictures
from sonar_sign.core.wording import nearest
from sonar_sign.landmarks.holistic import INSTALL
from sonar_sign.translation.definitions import SystemDefinition
from sonar_sign.translation.model_choice import require_files
from sonar_sign.translation.request import Request
from sonar_sign.translation.result_files import ResultFiles, ResultOptions
from sonar_sign.translation.results import Translation
from sonar_sign.translation.subtitles import FORMATS, printable

if TYPE_CHECKING:
    from sonar_sign.translation.translator import Translator

VIDEO_SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg", ".gif", ".ts"}
# In the root of every corpus that `make_corpus` draws.
DRAWN_CORPUS = "demo_corpus.json"


def translate(
    videos: Sequence[Path],
    systems: Sequence[SystemDefinition],
    request: Request,
    *,
    device: str = "auto",
    output: Path | None = None,
    results: ResultOptions = ResultOptions(),  # noqa: B008 (frozen)
    stream: TextIO = sys.stdout,
    threads: int = 0,
    listener: Callable[[Translation], None] | None = None,
) -> bool:
    """Translate videos and folders of videos, and write the results as they come.

    A video that cannot be read is one line on standard error; the others are translated.

    Args:
        systems: that translate, side by side if there are several.
        output: file to write, or folder where subtitles of several videos go; None: `stream`.
        threads: of PyTorch; 0: its default.
        listener: is told every translation after it was written.

    Returns:
        Whether every video was translated.

    Raises:
        UserError: an option, the format or a language is unknown or out of range, or the output
            does not fit (found before any model is loaded), or a model cannot be loaded.
    """
    _check(request, results, systems)
    listed = [one for path in videos for one in _listed(path)]
    found = [path for path in listed if isinstance(path, Path)]
    options = replace(results, n_systems=len(systems))
    with ResultFiles(output, found, options, stream) as written:
        complete = len(found) == len(listed)
        for error in listed:
            if isinstance(error, UserError):
                _warn(str(error))
        if not found:
            return False
        for system in systems:
            require_files(system)
        translators = _load(systems, request, device, threads)
        for path in track(found, "Translating", len(found)):
            complete &= _translate_one(translators, path, request, written, listener)
    return complete


def _check(request: Request, results: ResultOptions, systems: Sequence[SystemDefinition]) -> None:
    check_options(request.options)
    format = results.format
    if format not in FORMATS:
        raise UserError(f"There is no format {format!r}; {nearest(format, FORMATS)}.")
    names = [one.name for one in systems]
    if len(set(names)) < len(names):
        raise UserError(
            f"Two systems are called {next(n for n in names if names.count(n) > 1)!r}, so their "
            "translations could not be told apart; translate with one after the other."
        )
    if request.keypoints is not None and not any(one.reads_landmarks for one in systems):
        raise UserError(
            f"The system {names[0]} reads no landmarks, so it has no use for --keypoints; leave "
            "them out."
        )
    reader = next((one.name for one in systems if one.reads_landmarks), None)
    if reader and request.keypoints is None and find_spec("mediapipe") is None:
        raise UserError(
            f"The system {reader} reads landmarks: give files of them with --keypoints, or install "
            f"MediaPipe, which finds them: {INSTALL}"
        )


def _load(
    systems: Sequence[SystemDefinition], request: Request, device: str, threads: int
) -> list["Translator"]:
    # PyTorch is imported only now: what is refused is refused at once.
    from sonar_sign.core.devices import use_threads
    from sonar_sign.translation.translator import Translator

    use_threads(threads)
    return [Translator.load(one, request.languages, request.options, device) for one in systems]


def _translate_one(
    translators: Sequence["Translator"],
    path: Path,
    request: Request,
    written: ResultFiles,
    listener: Callable[[Translation], None] | None,
) -> bool:
    """Translate a video; False if it cannot be read to its end, which is one line."""
    from sonar_sign.translation.translator import stream_side_by_side

    told: set[str] = set()
    general = _remark_on_drawings(path, [one.definition for one in translators])
    try:
        for translation in stream_side_by_side(translators, path, request):
            for sentence in [*general, *_remarks(translation)]:
                if sentence not in told:
                    _warn(sentence)
                told.add(sentence)
            written.write(translation)
            if listener is not None:
                listener(translation)
    except VideoError as error:
        _warn(f"{path} cannot be translated: {error.detail}.")
        return False
    return True


def _remarks(translation: Translation) -> list[str]:
    """What a person should know of a translation, one sentence each."""
    video, found = translation.video, []
    if translation.box_from == "fallback":
        found.append(f"{video}: no face was found, so the middle of the frame is used.")
    if not translation.signed:
        found.append(
            f"{video}: from {translation.start_s:.2f} to {translation.end_s:.2f} s nothing is "
            f"signed: {translation.note}."
        )
    return found


def _remark_on_drawings(path: Path, systems: Sequence[SystemDefinition]) -> list[str]:
    """That systems of the demo know nothing of real signers, unless the video is the demo's.

    A video is the demo's if it lies in the folder of a corpus that `make_corpus` drew.
    """
    names = [one.name for one in systems if one.trained_on_drawings]
    if not names or is_drawn(path):
        return []
    return [
        f"{' and '.join(names)} {'was' if len(names) == 1 else 'were'} trained on drawn signers: "
        f"what follows means nothing, because {path} is not one of their videos."
    ]


def is_drawn(path: Path) -> bool:
    """Whether a video lies in the folder of a drawn corpus."""
    return any((parent / DRAWN_CORPUS).is_file() for parent in path.resolve().parents[:3])


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
