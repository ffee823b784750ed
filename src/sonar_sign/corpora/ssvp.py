"""The corpus layout of SSVP-SLT (Rust et al. 2024): clips that are already cut and cropped.

DailyMoth-70h is published in it, and SSVP-SLT converts YouTube-ASL to it.
`manifests/{split}.tsv` has the columns `video_name`, `duration` (seconds) and `caption`, with or
without a header line; `videos/` has each clip in a folder named by the first five characters of
its name.
"""

from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file, safe_name
from sonar_sign.corpora.annotation import Annotation
from sonar_sign.corpora.folders import FolderListings

HEADER = ["video_name", "duration", "caption"]
SUFFIXES = (".mp4", ".gif", ".webm", ".mkv", ".mov", ".avi")
PREFIX_LENGTH = 5


class Ssvp:
    """A folder with `manifests/` and `videos/`; every video is one sentence."""

    cropped = True
    drawn = False
    may_be_shown = False
    official_counts: dict[str, dict[str, int]] = {}

    def __init__(self, root: Path):
        self.root = Path(root)
        self._folders = FolderListings(self.root)

    def annotation_file(self, split: str, language: str | None = None) -> Path:
        if language is not None:
            path = self.root / "manifests" / f"{split}.{language}.tsv"
            return require_file(path, f"The {language} captions")
        return require_file(self.root / "manifests" / f"{split}.tsv", f"The {split} manifest")

    def has(self, split: str) -> bool:
        return (self.root / "manifests" / f"{split}.tsv").is_file()

    def annotations(self, split: str) -> list[Annotation]:
        path = self.annotation_file(split)
        return [self._annotation(*row, path) for row in _rows(path)]

    def captions(self, split: str, language: str) -> dict[str, str]:
        texts: dict[str, str] = {}
        for _, name, caption in _rows(self.annotation_file(split, language)):
            texts.setdefault(_clip_id(name), caption)
        return texts

    def _annotation(self, number: int, name: str, caption: str, path: Path) -> Annotation:
        try:
            safe_name(name)
        except UserError as error:
            raise UserError(f"In line {number} of {path}: {error}") from error
        prefix = f"videos/{name[:PREFIX_LENGTH]}"
        stem = _stem(name)
        files = [f"{stem}{suffix}" for suffix in SUFFIXES]
        candidates = [(folder, file) for folder in (prefix, "videos") for file in files]
        return Annotation(
            row=number,
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


def _rows(path: Path) -> list[tuple[int, str, str]]:
    """Line number, name and caption of every row."""
    lines = path.read_text(encoding="utf-8-sig", errors="replace").split("\n")
    rows = []
    for number, line in enumerate(lines, start=1):
        fields = line.rstrip("\r").split("\t")
        if not line.strip() or (number == 1 and fields == HEADER):
            continue
        if len(fields) != len(HEADER):
            raise UserError(
                f"Line {number} of {path} has {len(fields)} fields instead of {len(HEADER)}: "
                f"{', '.join(HEADER)}, separated by tabs."
            )
        rows.append((number, fields[0], fields[2]))
    return rows
