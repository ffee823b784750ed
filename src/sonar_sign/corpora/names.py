"""Names in annotations as clip ids and as paths under a corpus's folder."""

from pathlib import Path, PurePosixPath

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import safe_name, unusable_character

VIDEO_SUFFIXES = (".mp4", ".webm", ".mkv", ".mov", ".avi", ".m4v", ".ts", ".gif")


def clip_id_of(name: str) -> str:
    """A name as a clip id: dots are replaced, because a WebDataset key ends at the first one.

    Raises:
        UserError: it cannot be a file name.
    """
    return safe_name(name.replace(".", "_"))


def path_below(root: Path, path: str) -> str:
    """A video's path relative to the corpus's folder, in its one spelling.

    Raises:
        UserError: it is empty, leads out of the folder, or holds what no path should.
    """
    text = path.strip()
    if not text or unusable_character(text) is not None:
        raise UserError(f"the path {path[:80]!r} is empty or holds a control character")
    pure = PurePosixPath(text)
    if pure.is_absolute():
        try:
            pure = pure.relative_to(root.absolute())
        except ValueError:
            raise UserError(f"the path {path[:80]!r} leads out of corpus.root") from None
    if ".." in pure.parts or not pure.parts:
        raise UserError(f"the path {path[:80]!r} leads out of corpus.root")
    return str(pure)


def id_of_path(path: str, start: str) -> str:
    """An id where a table has none: of the video's path and, where there are times, the start."""
    stem = next((path[: -len(end)] for end in VIDEO_SUFFIXES if path.endswith(end)), path)
    return "-".join(
        [*stem.split("/"), *([start.strip().replace(":", "_")] if start.strip() else [])]
    )
