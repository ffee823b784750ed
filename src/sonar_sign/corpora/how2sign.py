"""How2Sign (Duarte et al. 2021) as downloaded: full videos or sentence clips."""

from collections.abc import Mapping
from pathlib import Path

from sonar_sign.core.corpus_options import CorpusOptions
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file, safe_name
from sonar_sign.core.numbers import parse_number
from sonar_sign.corpora.annotation import Annotation, unusable
from sonar_sign.corpora.dropped import Dropped
from sonar_sign.corpora.folders import FolderListings
from sonar_sign.corpora.how2sign_rows import CAPTION, AnnotationRow, read_rows

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
    caption_language = "eng_Latn"
    reads: frozenset[str] = frozenset()
    official_counts = OFFICIAL_COUNTS

    def __init__(self, root: Path, options: CorpusOptions = CorpusOptions()):  # noqa: B008
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

    def further_files(self, split: str) -> list[Path]:
        return []

    def annotations(self, split: str) -> list[Annotation]:
        return [self._annotation(row, split) for row in read_rows(self.annotation_file(split))]

    def captions(self, split: str, language: str) -> dict[str, str]:
        texts: dict[str, str] = {}
        for row in read_rows(self.annotation_file(split, language)):
            if not row.problem:
                # As in `prepare`, the first row of a clip id is used.
                texts.setdefault(row.fields["SENTENCE_NAME"], row.fields[CAPTION])
        return texts

    def _annotation(self, row: AnnotationRow, split: str) -> Annotation:
        if row.problem:
            return unusable(row.line, "malformed_row", row.problem)
        try:
            clip_id = safe_name(row.fields["SENTENCE_NAME"])
            video = safe_name(row.fields["VIDEO_NAME"])
        except UserError as error:
            return unusable(row.line, "bad_name", str(error))
        # VIDEO_NAME ends in "-{signer}-rgb_front".
        parts = video.rsplit("-", 2)
        full_video = self._find(VIDEO_FOLDERS, video, split)
        times = _times(row.fields)
        bad = times if isinstance(times, Dropped) else None
        return Annotation(
            row=row.line,
            clip_id=clip_id,
            source=full_video or self._find(CLIP_FOLDERS, clip_id, split),
            expected=f"{VIDEO_FOLDERS[0]}/{video}.mp4 or {CLIP_FOLDERS[0]}/{clip_id}.mp4",
            whole_video=full_video is None,
            start_s=None if bad else times[0],
            end_s=None if bad else times[1],
            signer=parts[1] if len(parts) == 3 else "",
            text=row.fields[CAPTION],
            problem=bad if full_video else None,  # a sentence clip is used from start to end
        )

    def _find(self, folders: tuple[str, ...], name: str, split: str) -> str | None:
        # A folder of pictures has the video's name, without a suffix.
        return self._folders.first(
            (pattern.format(split=split), file)
            for file in (f"{name}.mp4", name)
            for pattern in folders
        )


def _times(fields: Mapping[str, str]) -> tuple[float | None, float | None] | Dropped:
    """Start and end in seconds, None where there is none; or what is wrong with one of them."""
    found = []
    for column in ("START_REALIGNED", "END_REALIGNED"):
        text = fields[column].strip(" ")
        seconds = parse_number(text) if text else None
        if text and seconds is None:
            return Dropped("bad_times", f"{text[:80]!r} is not a time in seconds")
        found.append(seconds)
    return found[0], found[1]
