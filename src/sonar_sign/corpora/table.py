"""A table of one's own: a row per clip, with a video's path and a caption."""

from functools import cached_property
from pathlib import Path

from sonar_sign.core.corpus_options import ALL, CorpusOptions, pairs
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file
from sonar_sign.core.languages import LANGUAGES, language_meant
from sonar_sign.corpora.annotation import Annotation, unusable
from sonar_sign.corpora.dropped import Dropped
from sonar_sign.corpora.folders import FolderListings
from sonar_sign.corpora.names import VIDEO_SUFFIXES, clip_id_of, id_of_path, path_below
from sonar_sign.corpora.table_columns import column_names
from sonar_sign.corpora.table_files import table_files
from sonar_sign.corpora.table_rows import TableRow, read_table_rows
from sonar_sign.corpora.table_splits import rows_of_splits
from sonar_sign.corpora.times import rate_of, times_of


class Table:
    """Rows with `path` and `text`, and what else they have; names are those of `columns`."""

    cropped = False
    drawn = False
    may_be_shown = False
    caption_language = ""
    caption_language = ""
    reads = frozenset({"columns", "files", "split_shares", "split_seed"})
    official_counts: dict[str, dict[str, int]] = {}

    def __init__(self, root: Path, options: CorpusOptions = CorpusOptions()):  # noqa: B008
        self.root, self.options = Path(root), options
        self._folders = FolderListings(self.root)
        self._mapped = pairs("columns", options.columns)

    @cached_property
    def _files(self) -> dict[str, Path]:
        return table_files(self.root, self.options.files)

    @cached_property
    def _rows(self) -> dict[str, list[TableRow]]:
        """The rows of every split, with the names of columns that this module has for them."""
        read = {}
        for split, path in self._files.items():
            table = read_table_rows(path)
            names = column_names(path, table.names, self._mapped)
            read[split] = [
                TableRow(
                    row.line,
                    {column: row.fields.get(name, "") for column, name in names.items()}
                    if not row.problem
                    else {},
                    row.problem,
                )
                for row in table.rows
            ]
        return rows_of_splits(read, self.options)

    def annotation_file(self, split: str, language: str | None = None) -> Path:
        path = self._files.get(split) or self._files.get(ALL)
        if path is None:
            raise UserError(
                f"No table of split {split!r} in {self.root}: name it in corpus.files, or give one "
                "table for all splits."
            )
        require_file(path, f"The table of split {split!r}")
        if not self.has(split):
            raise UserError(f"{path} has no rows of split {split!r}; see its column split.")
        if language is not None and not any(language in r.fields for r in self._rows[split]):
            raise UserError(
                f"{path} has no column {language}; add the captions in this language as a column "
                f"of this name, or say in corpus.columns what it is called."
            )
        return path

    def has(self, split: str) -> bool:
        return bool(self._rows.get(split))

    def further_files(self, split: str) -> list[Path]:
        return []

    def annotations(self, split: str) -> list[Annotation]:
        self.annotation_file(split)
        return [self._annotation(row) for row in self._rows[split]]

    def captions(self, split: str, language: str) -> dict[str, str]:
        self.annotation_file(split, language)
        texts: dict[str, str] = {}
        for row in self._rows[split]:
            annotation = self._annotation(row)
            if annotation.clip_id:
                texts.setdefault(annotation.clip_id, row.fields.get(language, ""))
        return texts

    def _annotation(self, row: TableRow) -> Annotation:
        if row.problem:
            return unusable(row.line, "malformed_row", row.problem)
        fields = row.fields
        try:
            path = path_below(self.root, fields["path"])
            clip_id = clip_id_of(fields.get("id", "") or id_of_path(path, fields.get("start", "")))
        except UserError as error:
            return unusable(row.line, "bad_name", str(error))
        times = times_of(fields.get("start", ""), fields.get("end", ""))
        start_s, end_s = (None, None) if isinstance(times, str) else times
        language = fields.get("language", "").strip()
        frame_rate = rate_of(fields.get("frame_rate", ""))
        problem = None
        if isinstance(times, str):
            problem = Dropped("bad_times", times)
        elif fields.get("frame_rate") and frame_rate is None:
            problem = Dropped("bad_times", f"{fields['frame_rate'][:40]!r} is no frame rate")
        elif language and language not in LANGUAGES:
            problem = Dropped("bad_language", f"{language[:40]!r}: {language_meant(language)}")
        return Annotation(
            row=row.line,
            clip_id=clip_id,
            source=self._folders.find(path, VIDEO_SUFFIXES),
            expected=path,
            whole_video=start_s is None and end_s is None,
            start_s=start_s,
            end_s=end_s,
            signer=" ".join(fields.get("signer", "").split()),
            text=fields["text"],
            problem=problem,
            frame_rate=frame_rate,
            language=language,
        )
