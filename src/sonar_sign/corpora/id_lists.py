"""Lists of video ids, one a line: the published one, or one for each split."""

from functools import cached_property
from pathlib import Path

from sonar_sign.core.corpus_options import SPLITS, CorpusOptions, pairs
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file
from sonar_sign.core.text_files import read_text
from sonar_sign.core.wording import nearest
from sonar_sign.corpora.splits import shares_of, split_by_source

PUBLISHED = "youtube_asl_video_ids.txt"


class IdLists:
    """The ids of every split: the published list is `train`, or all splits made here."""

    def __init__(self, root: Path, options: CorpusOptions):
        self._root, self._options = root, options

    @cached_property
    def _files(self) -> dict[str, Path]:
        named = pairs("files", self._options.files) or {"train": PUBLISHED}
        for split in named:
            if split not in SPLITS:
                raise UserError(f"files: {split!r} is no split; {nearest(split, SPLITS)}.")
        if self._options.split_shares and [*named] != ["train"]:
            raise UserError("split_shares makes splits of one list; leave it or files out.")
        return {split: self._root / file for split, file in named.items()}

    @cached_property
    def _ids(self) -> dict[str, list[tuple[int, str]]]:
        lists = {split: _read_ids(path) for split, path in self._files.items()}
        if not self._options.split_shares:
            return lists
        shares = shares_of(self._options.split_shares)
        names = (name for _, name in lists["train"])
        split_of = split_by_source(names, shares, self._options.split_seed)
        return {
            split: [(line, name) for line, name in lists["train"] if split_of[name] == split]
            for split in SPLITS
        }

    def of(self, split: str) -> list[tuple[int, str]]:
        """Line and id of every video of a split, in the order of the list."""
        return self._ids.get(split, [])

    def has(self, split: str) -> bool:
        """Whether there are ids of a split."""
        return all(path.is_file() for path in self._files.values()) and bool(self.of(split))

    def file(self, split: str) -> Path:
        """The list with the ids of a split.

        Raises:
            UserError: it is missing, or has none of this split.
        """
        path = self._files.get(split) or next(iter(self._files.values()))
        require_file(path, "The list of video ids")
        if not self.has(split):
            raise UserError(
                f"{path} has no videos of split {split!r}: set corpus.split_shares, such as "
                "{val: 0.1, test: 0.1}, or name a list for each split in corpus.files."
            )
        return path


def _read_ids(path: Path) -> list[tuple[int, str]]:
    lines = enumerate(read_text(path, "The list of video ids").split("\n"), start=1)
    return [(line, name.strip()) for line, name in lines if name.strip()]
