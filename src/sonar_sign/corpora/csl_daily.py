"""CSL-Daily (Zhou et al. 2021) as downloaded: Chinese Sign Language, Chinese.

Every sentence is a folder of JPEG pictures, 30 per second, 512x512 pixels. A list names the split
of every sentence; its caption is among the labels, a pickle or a table.
"""

from pathlib import Path

from sonar_sign.core.corpus_options import CorpusOptions
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file, safe_name
from sonar_sign.core.tables import read_columns
from sonar_sign.corpora.annotation import Annotation, unusable
from sonar_sign.corpora.bar_table import BarRow, read_bar_table
from sonar_sign.corpora.csl_daily_labels import Labels, read_labels
from sonar_sign.corpora.dropped import Dropped
from sonar_sign.corpora.folders import FolderListings
from sonar_sign.corpora.names import clip_id_of

# The corpus's own name of a split.
SPLITS = {"train": "train", "val": "dev", "test": "test"}
# Searched in this order, relative to the root.
LABEL_FOLDERS = ("sentence_label", "label", ".")
LABELS = ("csl2020ct_v2.pkl", "video_map.txt")
SPLIT_LIST = "split_1.txt"
FRAMES = (
    "sentence/frames_512x512",
    "sentence_frames-512x512/frames_512x512",
    "frames_512x512",
)
VIDEOS = "sentence-crop"
FRAME_RATE = 30.0


class CslDaily:
    """Sentences as folders of pictures, or as the videos that others made of them."""

    cropped = False
    drawn = False
    may_be_shown = False
    reads: frozenset[str] = frozenset()
    caption_language = "zho_Hans"
    official_counts = {
        "train": {"paper": 18401},
        "val": {"paper": 1077},
        "test": {"paper": 1176},
    }

    def __init__(self, root: Path, options: CorpusOptions = CorpusOptions()):  # noqa: B008
        self.root = Path(root)
        self._folders = FolderListings(self.root)

    def _found(self, name: str) -> Path | None:
        paths = (self.root / folder / name for folder in LABEL_FOLDERS)
        return next((path for path in paths if path.is_file()), None)

    def _required(self, names: tuple[str, ...], what: str) -> Path:
        found = next(filter(None, map(self._found, names)), None)
        if found is None:
            raise UserError(
                f"{what} not found: {self.root / LABEL_FOLDERS[0] / names[0]} does not exist; put "
                "the file there or set corpus.root."
            )
        return found

    def annotation_file(self, split: str, language: str | None = None) -> Path:
        labels = self._required(LABELS, "CSL-Daily's labels")
        if language is not None:
            path = labels.with_name(f"captions.{language}.tsv")
            return require_file(path, f"The {language} captions")
        if not any(
            row.fields.get("split") == SPLITS.get(split, split) for row in self._split_list()
        ):
            raise UserError(f"{self._found(SPLIT_LIST)} has no clips of split {split!r}.")
        return labels

    def has(self, split: str) -> bool:
        if self._found(SPLIT_LIST) is None or not any(map(self._found, LABELS)):
            return False
        named = {row.fields.get("split") for row in self._split_list()}
        return SPLITS.get(split, split) in named

    def further_files(self, split: str) -> list[Path]:
        return [self._required((SPLIT_LIST,), "CSL-Daily's list of splits")]

    def _split_list(self) -> list[BarRow]:
        path = self._required((SPLIT_LIST,), "CSL-Daily's list of splits")
        return read_bar_table(path, ("name", "split"), "The list of splits")

    def annotations(self, split: str) -> list[Annotation]:
        labels = read_labels(self.annotation_file(split))
        wanted = SPLITS.get(split, split)
        return [
            self._annotation(row, labels)
            for row in self._split_list()
            if row.problem or row.fields["split"] == wanted
        ]

    def captions(self, split: str, language: str) -> dict[str, str]:
        table = read_columns(self.annotation_file(split, language), ("name", "text"))
        clip_ids = [name.replace(".", "_") for name in table["name"]]
        return dict(zip(clip_ids, table["text"], strict=True))

    def _annotation(self, row: BarRow, labels: Labels) -> Annotation:
        if row.problem:
            return unusable(row.line, "malformed_row", row.problem)
        try:
            name = safe_name(row.fields["name"])
        except UserError as error:
            return unusable(row.line, "bad_name", str(error))
        candidates = [*((folder, name) for folder in FRAMES), (VIDEOS, f"{name}.mp4")]
        text, signer = labels.get(name, ("", ""))
        problem = None
        if name not in labels:
            problem = Dropped("empty_caption", f"the labels have no {name!r}")
        return Annotation(
            row=row.line,
            clip_id=clip_id_of(name),
            source=self._folders.first(candidates),
            expected=f"{FRAMES[0]}/{name} or {VIDEOS}/{name}.mp4",
            whole_video=True,
            start_s=None,
            end_s=None,
            signer=signer,
            text=text,
            frame_rate=FRAME_RATE,
            problem=problem,
        )
