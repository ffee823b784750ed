"""What lies in a corpus's folders, each listed once."""

from collections.abc import Iterable
from pathlib import Path


class Folders:
    """The files under a root: 31,000 questions to a network file system take minutes."""

    def __init__(self, root: Path):
        self.root = Path(root)
        self._listings: dict[str, set[str]] = {}

    def first(self, places: Iterable[tuple[str, str]]) -> str | None:
        """The first of these (folder, file) that is there, as a path relative to the root."""
        for folder, file in places:
            if file in self._listing(folder):
                return f"{folder}/{file}"
        return None

    def _listing(self, folder: str) -> set[str]:
        if folder not in self._listings:
            path = self.root / folder
            names = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
            self._listings[folder] = names
        return self._listings[folder]
