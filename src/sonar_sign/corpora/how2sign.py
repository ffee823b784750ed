"""How2Sign (Duarte et al. 2021) as downloaded: full videos or sentence clips."""

import csv
import math
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file, safe_name
from sonar_sign.corpora.annotation import Annotation
from sonar_sign.corpora.folders import FolderListings

COLUMNS = (
    "VIDEO_ID",
    "VIDEO_NAME",
    "SENTENCE_ID",
    "SENTENCE_NAME",
    "START_REALIGNED",
    "END_REALIGNED",
    "SENTENCE",
)
# Searched in this order, relative to the root. The first path of each is a simple flat layout,
# the second is where the corpus's own download script puts the files.
ANNOTATIONS = (
    "how2sign_realigned_{split}.csv",
    "sentence_level/{split}/text/en/raw_text/re_aligned/how2sign_realigned_{split}.csv",
)
VIDEO_FOLDERS = ("raw_videos", "video_level/{split}/rgb_front/raw_videos")
CLIP_FOLDERS = ("raw_videos", "sentence_level/{split}/rgb_front/raw_videos")

# Published numbers of sentences, which disagree: the paper (Duarte et al. 2021), the realigned
# annotation files, and the clips that can be downloaded.
OFFICIAL_COUNTS = {
    "train": {"paper": 31128, "realigned_annotations": 31165, "frontal_clips": 31047},
    "val": {"paper": 1741, "realigned_annotations": 1741, "frontal_clips": 1739},
    "test": {"paper": 2322, "realigned_annotations": 2357, "frontal_clips": 2343},
}


class How2Sign:
    """Uses full frontal videos with the realigned times if they exist, else sentence clips.

    The times are relative to the full video, so a sentence clip is used from start to end.
    """

    cropped = False
    drawn = False
    may_be_shown = False
    official_counts = OFFICIAL_COUNTS

    def __init__(self, root: Path):
        self.root = Path(root)
        self._folders = FolderListings(self.root)

    def annotation_file(self, split: str, language: str | None = None) -> Path:
        # Captions in another language are beside the published ones, with the same columns.
        if language is not None:
            published = self.annotation_file(split)
            return require_file(
                published.with_suffix(f".{language}.csv"), f"The {language} captions"
            )
        paths = [self.root / pattern.format(split=split) for pattern in ANNOTATIONS]
        for path in paths:
            if path.is_file():
                return path
        raise UserError(
            f"No annotations of split {split!r}: {paths[0]} does not exist; put the file there or "
            "set corpus.root."
        )

    def has(self, split: str) -> bool:
        return any((self.root / pattern.format(split=split)).is_file() for pattern in ANNOTATIONS)

    def annotations(self, split: str) -> list[Annotation]:
        path = self.annotation_file(split)
        return [
            self._annotation(row, split, number, f"line {number} of {path}")
            for number, row in _rows(path)
        ]

    def captions(self, split: str, language: str) -> dict[str, str]:
        texts: dict[str, str] = {}
        for _, row in _rows(self.annotation_file(split, language)):
            # As in `prepare`, the first row of a clip id is used.
            texts.setdefault(row["SENTENCE_NAME"], row["SENTENCE"])
        return texts

    def _annotation(self, row: dict[str, str], split: str, number: int, where: str) -> Annotation:
        try:
            clip_id, video = safe_name(row["SENTENCE_NAME"]), safe_name(row["VIDEO_NAME"])
        except UserError as error:
            raise UserError(f"In {where}: {error}") from error
        # VIDEO_NAME ends in "-{signer}-rgb_front".
        parts = video.rsplit("-", 2)
        full_video = self._find(VIDEO_FOLDERS, video, split)
        return Annotation(
            row=number,
            clip_id=clip_id,
            source=full_video or self._find(CLIP_FOLDERS, clip_id, split),
            expected=f"{VIDEO_FOLDERS[0]}/{video}.mp4 or {CLIP_FOLDERS[0]}/{clip_id}.mp4",
            whole_video=full_video is None,
            start_s=_seconds(row["START_REALIGNED"], where),
            end_s=_seconds(row["END_REALIGNED"], where),
            signer=parts[1] if len(parts) == 3 else "",
            text=row["SENTENCE"],
        )

    def _find(self, folders: tuple[str, ...], name: str, split: str) -> str | None:
        return self._folders.first(
            (pattern.format(split=split), f"{name}.mp4") for pattern in folders
        )


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """The rows of an annotation file, tab or comma separated, with their line numbers."""
    # str.splitlines would also split at U+2028 and form feeds, which captions may contain.
    lines = path.read_text(encoding="utf-8-sig", errors="replace").split("\n")
    separator = "\t" if "\t" in lines[0] else ","
    header = _fields(lines[0], separator)
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        raise UserError(f"{path} lacks the column {missing[0]}; name it in the first line.")
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        fields = _fields(line, separator)
        if len(fields) != len(header):
            # An unquoted caption, which is the last column, may contain separators.
            fields = line.split(separator, len(header) - 1)
        if len(fields) != len(header):
            raise UserError(
                f"Line {number} of {path} has {len(fields)} fields instead of {len(header)}."
            )
        rows.append((number, dict(zip(header, fields, strict=True))))
    return rows


def _fields(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error:
        # A single quotation mark in a caption is text; the caller checks the number of fields.
        return []


def _seconds(value: str, where: str) -> float | None:
    if not value.strip():
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise UserError(f"In {where}: {value!r} is not a time in seconds.")
    return seconds
