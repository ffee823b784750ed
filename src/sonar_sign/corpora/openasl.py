"""OpenASL (Shi et al. 2022): `openasl-v1.0.tsv`, `bbox-v1.0.json` and `raw-video/{yid}.mp4`."""

from functools import cached_property
from pathlib import Path
from typing import Any

from sonar_sign.core.corpus_options import CorpusOptions
from sonar_sign.core.errors import UserError
from sonar_sign.core.text_files import read_text
from sonar_sign.corpora.annotation import Annotation, unusable
from sonar_sign.corpora.boxes import published_box, read_boxes
from sonar_sign.corpora.dropped import Dropped
from sonar_sign.corpora.folders import FolderListings
from sonar_sign.corpora.names import VIDEO_SUFFIXES, clip_id_of, path_below
from sonar_sign.corpora.splits import split_named
from sonar_sign.corpora.table_splits import grouped
from sonar_sign.corpora.times import times_of

COLUMNS = ("vid", "yid", "start", "end", "raw-text", "split")
# In the folder itself, or as the corpus's repository has them.
TABLES = ("openasl-v1.0.tsv", "data/openasl-v1.0.tsv")
BOXES = ("bbox-v1.0.json", "data/bbox-v1.0.json")
VIDEO_FOLDER = "raw-video"


class OpenAsl:
    """Sentences of full videos; the published boxes of the signers spare the search for faces."""

    cropped = False
    drawn = False
    may_be_shown = False
    caption_language = "eng_Latn"
    caption_language = "eng_Latn"
    reads: frozenset[str] = frozenset()
    official_counts: dict[str, dict[str, int]] = {}

    def __init__(self, root: Path, options: CorpusOptions = CorpusOptions()):  # noqa: B008
        self.root, self.options = Path(root), options
        self._folders = FolderListings(self.root)

    def _path(self, names: tuple[str, ...]) -> Path:
        return next((p for p in (self.root / name for name in names) if p.is_file()), Path())

    @cached_property
    def _lines(self) -> dict[str, list[tuple[int, list[str]]]]:
        """Line number and fields of every row by split."""
        path = self._path(TABLES)
        # No quoting: a quotation mark is text.
        lines = read_text(path, "OpenASL's annotations").rstrip("\n").split("\n")
        self._header = lines[0].split("\t")
        missing = [column for column in COLUMNS if column not in self._header]
        if missing:
            raise UserError(f"{path} lacks the column {missing[0]}; it is no openasl-v1.0.tsv.")
        at, n = self._header.index("split"), len(self._header)
        numbered = enumerate(lines[1:], start=2)
        rows = [(number, line.split("\t")) for number, line in numbered if line.strip()]
        splits = [split_named(fields[at]) if len(fields) == n else None for _, fields in rows]
        return grouped(rows, splits)

    @cached_property
    def _boxes(self) -> dict[str, Any]:
        path = self._path(BOXES)
        return {} if path == Path() else read_boxes(path)

    def annotation_file(self, split: str, language: str | None = None) -> Path:
        if language is not None:
            raise UserError(f"Corpora of type openasl have no {language} captions beside them.")
        path = self._path(TABLES)
        if path == Path():
            raise UserError(f"{self.root / TABLES[0]} does not exist; put OpenASL's file there.")
        if not self.has(split):
            raise UserError(f"{path} has no rows of split {split!r}.")
        return path

    def has(self, split: str) -> bool:
        return self._path(TABLES) != Path() and bool(self._lines.get(split))

    def further_files(self, split: str) -> list[Path]:
        path = self._path(BOXES)
        return [] if path == Path() else [path]

    def captions(self, split: str, language: str) -> dict[str, str]:
        self.annotation_file(split, language)
        return {}

    def annotations(self, split: str) -> list[Annotation]:
        self.annotation_file(split)
        return [self._annotation(line, fields) for line, fields in self._lines[split]]

    def _annotation(self, line: int, values: list[str]) -> Annotation:
        if len(values) != len(self._header):
            detail = f"{len(values)} fields instead of {len(self._header)}"
            return unusable(line, "malformed_row", detail)
        fields = dict(zip(self._header, values, strict=True))
        if split_named(fields["split"]) is None:
            detail = f"its split {fields['split'][:40]!r} is none of train, valid, test"
            return unusable(line, "malformed_row", detail)
        try:
            clip_id = clip_id_of(fields["vid"])
            video = path_below(self.root, f"{VIDEO_FOLDER}/{clip_id_of(fields['yid'])}")
        except UserError as error:
            return unusable(line, "bad_name", str(error))
        times = times_of(fields["start"], fields["end"])
        box = published_box(self._boxes.get(fields["vid"]))
        problem = Dropped("bad_times", times) if isinstance(times, str) else box
        start_s, end_s = (None, None) if isinstance(times, str) else times
        return Annotation(
            row=line,
            clip_id=clip_id,
            source=self._folders.find(video, VIDEO_SUFFIXES),
            expected=f"{video}.mp4",
            whole_video=False,
            start_s=start_s,
            end_s=end_s,
            signer="",
            text=fields["raw-text"],
            problem=problem if isinstance(problem, Dropped) else None,
            box=None if isinstance(box, Dropped) else box,
        )
