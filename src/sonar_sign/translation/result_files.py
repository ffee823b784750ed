"""Where `translate` writes: a stream, a file, or a folder with one file per video.

What is translated is written at once. A file is written under the name `{name}.*.partial` and takes
its own name when all videos are done; so a good file of before stays until then, and whatever ends
the program leaves what was translated.
"""

import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import atomic_write
from sonar_sign.translation.subtitles import SUBTITLES, Writer, printable

if TYPE_CHECKING:
    from sonar_sign.translation.results import Translation


@dataclass(frozen=True)
class ResultOptions:
    """How translations are written."""

    format: str = "text"
    """One of `subtitles.FORMATS`."""
    timings: bool = False
    """Whether to write how long each stage took (`text` and `jsonl`)."""
    n_systems: int = 1
    """How many systems translate each part of a video."""


class ResultFiles:
    """Writes translations as they come.

    Raises:
        UserError: subtitles of several videos in one stream or file, where the clock would start
            again; two videos whose files would have one name; text for a folder.
    """

    def __init__(
        self, output: Path | None, videos: Sequence[Path], options: ResultOptions, stream: TextIO
    ):
        self._output, self._options, self._stream = output, options, stream
        self._writers: dict[Path | None, Writer] = {}
        self._open = ExitStack()
        self._names: dict[Path, Path] = {}
        if _is_folder(output, len(videos), options.format):
            self._names = _names(output, videos, options.format)
        for path in self._names.values() or [output]:
            if path is not None:
                _check_output(path, videos)

    def write(self, translation: "Translation") -> None:
        """Write one translation, in all of its languages."""
        path = self._names.get(translation.video, self._output)
        if path not in self._writers:
            stream = self._stream if path is None else self._open.enter_context(_written(path))
            options = self._options
            self._writers[path] = Writer(stream, options.format, options.timings, options.n_systems)
        self._writers[path].write(translation)

    def __enter__(self) -> "ResultFiles":
        return self

    def __exit__(self, *error) -> bool | None:
        return self._open.__exit__(*error)


def _is_folder(output: Path | None, n_videos: int, format: str) -> bool:
    """Whether each video has a file in the folder `output`."""
    is_folder = output is not None and output.is_dir()
    if format not in SUBTITLES:
        if is_folder:
            raise UserError(f"{output} is a folder; text and jsonl are written into a file.")
        return False
    if n_videos > 1 and (output is None or (output.exists() and not is_folder)):
        raise UserError(
            f"Subtitles of {n_videos} videos are a file each: give a folder, such as "
            "--output subtitles."
        )
    return is_folder or n_videos > 1


def _names(folder: Path, videos: Sequence[Path], format: str) -> dict[Path, Path]:
    """The file of each video: its name with the format's ending, in place of its own if it can."""
    stems = Counter(video.stem for video in set(videos))
    names = {
        video: folder / f"{video.stem if stems[video.stem] == 1 else video.name}.{format}"
        for video in videos
    }
    by_name = {name: video for video, name in names.items()}
    for video, name in names.items():
        if by_name[name] != video:
            raise UserError(
                f"{by_name[name]} and {video} would both have the subtitles {name}; translate them "
                "into different folders."
            )
    return names


def _check_output(path: Path, videos: Sequence[Path]) -> None:
    """Refuse before anything is translated what could not be written after it."""
    if path.exists() and any(_is_of(path, video) for video in videos):
        raise UserError(f"--output {path} is a video that is translated; give another name.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UserError(f"{path.parent} is no folder; give another --output.") from error


def _is_of(path: Path, video: Path) -> bool:
    """Whether a file is a video, or a picture of a video that is a folder of pictures."""
    if not video.exists():
        return False
    return path.samefile(video) or (video.is_dir() and path.parent.samefile(video))


@contextmanager
def _written(path: Path) -> Iterator[TextIO]:
    if path.exists() and not path.is_file():  # a device or a pipe
        with path.open("w", encoding="utf-8", errors="backslashreplace") as stream:
            yield stream
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(f"{path.suffix}.partial", f"{path.name}.", path.parent)
    partial = Path(name)
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as stream:
        try:
            yield stream
        except BaseException:
            print(f"sonar-sign: what was translated is in {printable(partial)}.", file=sys.stderr)
            raise
    with atomic_write(path) as temporary:
        shutil.copyfile(partial, temporary)
    with suppress(FileNotFoundError):
        partial.unlink()
