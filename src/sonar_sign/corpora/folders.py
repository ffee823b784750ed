"""Cached listings of the folders of a corpus."""

from collections.abc import Iterable
from pathlib import Path


class FolderListings:
    """The files under a root, listed once per folder.

    Asking a network file system for each of 31,000 files would take minutes.
    """

    def __init__(self, root: Path):
        self.root = Path(root)
        self._listings: dict[str, set[str]] = {}

    def first(self, candidates: Iterable[tuple[str, str]]) -> str | None:
        """The first (folder, file) that exists, as a path relative to the root; None if none."""
        for folder, file in candidates:
            if file in self._listing(folder):
                return f"{folder}/{file}"
        return None

    def find(self, path: str, suffixes: Iterable[str] = ()) -> str | None:
        """The path of a file under the root if it exists, or the first that does with a suffix."""
        folder, _, name = path.rpartition("/")
        for file in (name, *(f"{name}{suffix}" for suffix in suffixes)):
            if file in self._listing(folder):
                return f"{folder}/{file}" if folder else file
        return None

    def _listing(self, folder: str) -> set[str]:
        if folder not in self._listings:
            path = self.root / folder
            names = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
            self._listings[folder] = names
        return self._listings[folder]
