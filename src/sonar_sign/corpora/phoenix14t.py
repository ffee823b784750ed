"""RWTH-PHOENIX-Weather 2014 T (Camgöz et al. 2018) as downloaded: German Sign Language, German.

Every sentence is a folder of PNG pictures, 25 per second, 210x260 pixels.
"""

from pathlib import Path

from sonar_sign.core.corpus_options import CorpusOptions
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file, safe_name
from sonar_sign.corpora.annotation import Annotation, unusable
from sonar_sign.corpora.bar_table import BarRow, read_bar_table
from sonar_sign.corpora.folders import FolderListings
from sonar_sign.corpora.names import clip_id_of

# The corpus's own name of a split.
SPLITS = {"train": "train", "val": "dev", "test": "test"}
COLUMNS = ("name", "speaker", "translation")
# Searched in this order: the archive holds these folders around its content.
PARENTS = ("", "PHOENIX-2014-T/", "PHOENIX-2014-T-release-v3/PHOENIX-2014-T/")
ANNOTATIONS = "{parent}annotations/manual/PHOENIX-2014-T.{split}.corpus.csv"
FRAMES = "{parent}features/fullFrame-210x260px/{split}"
FRAME_RATE = 25.0


class Phoenix14T:
    """Sentences as folders of pictures; the columns `start` and `end` are -1 and not read."""

    cropped = False
    drawn = False
    may_be_shown = False
    reads: frozenset[str] = frozenset()
    caption_language = "deu_Latn"
    official_counts = {
        "train": {"paper": 7096},
        "val": {"paper": 519},
        "test": {"paper": 642},
    }

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
        found = self._published(split)
        if found is None:
            first = self.root / ANNOTATIONS.format(parent="", split=SPLITS.get(split, split))
            raise UserError(
                f"No annotations of split {split!r}: {first} does not exist; put the file there or "
                "set corpus.root."
            )
        return found

    def has(self, split: str) -> bool:
        return self._published(split) is not None

    def _published(self, split: str) -> Path | None:
        paths = (
            self.root / ANNOTATIONS.format(parent=parent, split=SPLITS.get(split, split))
            for parent in PARENTS
        )
        return next((path for path in paths if path.is_file()), None)

    def further_files(self, split: str) -> list[Path]:
        return []

    def annotations(self, split: str) -> list[Annotation]:
        rows = read_bar_table(self.annotation_file(split), COLUMNS, "The annotation file")
        return [self._annotation(row, split) for row in rows]

    def captions(self, split: str, language: str) -> dict[str, str]:
        path = self.annotation_file(split, language)
        texts: dict[str, str] = {}
        for row in read_bar_table(path, ("name", "translation"), f"The {language} captions"):
            if not row.problem:
                texts.setdefault(row.fields["name"].replace(".", "_"), row.fields["translation"])
        return texts

    def _annotation(self, row: BarRow, split: str) -> Annotation:
        if row.problem:
            return unusable(row.line, "malformed_row", row.problem)
        try:
            name = safe_name(row.fields["name"])
        except UserError as error:
            return unusable(row.line, "bad_name", str(error))
        parents = [
            FRAMES.format(parent=parent, split=SPLITS.get(split, split)) for parent in PARENTS
        ]
        source = self._folders.first((parent, name) for parent in parents)
        if source is not None and (self.root / source / "1").is_dir():
            source = f"{source}/1"  # as the column `video` says; the archive has no such folder
        return Annotation(
            row=row.line,
            clip_id=clip_id_of(name),
            source=source,
            expected=f"{parents[0]}/{name}",
            whole_video=True,
            start_s=None,
            end_s=None,
            signer=row.fields["speaker"],
            text=row.fields["translation"],
            frame_rate=FRAME_RATE,
        )
