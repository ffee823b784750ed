"""The corpus layout of SSVP-SLT (Rust et al. 2024): clips that are already cut and cropped.

DailyMoth-70h is published in it, and SSVP-SLT converts YouTube-ASL to it.
`manifests/{split}.tsv` has the columns `video_name`, `duration` (seconds) and `caption`, with or
without a header line; `videos/` has each clip in a folder named by the first five characters of
its name.
"""

from pathlib import Path

from sonar_sign.core.corpus_options import CorpusOptions
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file, safe_name
from sonar_sign.core.quoting import Row, split_rows
from sonar_sign.core.text_files import read_text
from sonar_sign.corpora.annotation import Annotation, unusable
from sonar_sign.corpora.folders import FolderListings

HEADER = ["video_name", "duration", "caption"]
SUFFIXES = (".mp4", ".gif", ".webm", ".mkv", ".mov", ".avi")
PREFIX_LENGTH = 5


class Ssvp:
    """A folder with `manifests/` and `videos/`; every video is one sentence."""

    cropped = True
    drawn = False
    may_be_shown = False
    caption_language = ""
    reads: frozenset[str] = frozenset()
    official_counts: dict[str, dict[str, int]] = {}

    def __init__(self, root: Path, options: CorpusOptions = CorpusOptions()):  # noqa: B008
        self.root = Path(root)
        self._folders = FolderListings(self.root)

    def annotation_file(self, split: str, language: str | None = None) -> Path:
        if language is not None:
            path = self.root / "manifests" / f"{split}.{language}.tsv"
            return require_file(path, f"The {language} captions")
        return require_file(self.root / "manifests" / f"{split}.tsv", f"The {split} manifest")

    def has(self, split: str) -> bool:
        return (self.root / "manifests" / f"{split}.tsv").is_file()

    def further_files(self, split: str) -> list[Path]:
        return []

    def annotations(self, split: str) -> list[Annotation]:
        path = self.annotation_file(split)
        return [self._annotation(row) for row in _rows(path)]

    def captions(self, split: str, language: str) -> dict[str, str]:
        texts: dict[str, str] = {}
        for row in _rows(self.annotation_file(split, language)):
            if len(row.fields) == len(HEADER):
                texts.setdefault(_clip_id(row.fields[0]), row.fields[2])
        return texts

    def _annotation(self, row: Row) -> Annotation:
        if len(row.fields) != len(HEADER):
            detail = f"{len(row.fields)} fields instead of {len(HEADER)}: {', '.join(HEADER)}"
            return unusable(row.line, "malformed_row", detail)
        name, _, caption = row.fields
        try:
            safe_name(name), safe_name(_clip_id(name))
        except UserError as error:
            return unusable(row.line, "bad_name", str(error))
        prefix = f"videos/{name[:PREFIX_LENGTH]}"
        stem = _stem(name)
        files = [*(f"{stem}{suffix}" for suffix in SUFFIXES), stem]  # at last, a folder of pictures
        candidates = [(folder, file) for folder in (prefix, "videos") for file in files]
        return Annotation(
            row=row.line,
            clip_id=_clip_id(name),
            source=self._folders.first(candidates),
            expected=f"{prefix}/{stem}.mp4",
            whole_video=True,
            start_s=None,
            end_s=None,
            signer="",
            text=caption,
        )


def _stem(name: str) -> str:
    """The name without the suffix of a video; other dots belong to the name."""
    suffix = next((suffix for suffix in SUFFIXES if name.lower().endswith(suffix)), "")
    return name[: len(name) - len(suffix)]


def _clip_id(name: str) -> str:
    """The clip id; dots are replaced, because a WebDataset key ends at the first dot."""
    return _stem(name).replace(".", "_")


def _rows(path: Path) -> list[Row]:
    """Every row that is not blank, without the header."""
    text = read_text(path, "The manifest").removesuffix("\n")
    has_header = text.lstrip('"').startswith(HEADER[0])
    rows = split_rows(text, "\t", has_header=has_header).rows
    return [row for row in rows[has_header:] if any(field.strip() for field in row.fields)]
