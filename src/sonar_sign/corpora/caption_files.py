"""Where yt-dlp left the video and the captions of an id."""

from pathlib import Path

from sonar_sign.corpora.names import VIDEO_SUFFIXES

FOLDERS = ("", "videos", "captions")
SUFFIXES = (".vtt", ".srt", ".json")
# Codes of two letters, as YouTube has them, of languages whose first two letters are others'.
_TWO_LETTERS = {
    "eng": "en", "deu": "de", "fra": "fr", "spa": "es", "ita": "it", "por": "pt", "nld": "nl",
    "zho": "zh", "jpn": "ja", "kor": "ko", "rus": "ru", "pol": "pl", "tur": "tr", "arb": "ar",
    "heb": "iw", "ces": "cs", "dan": "da", "swe": "sv", "nob": "no", "fin": "fi", "ell": "el",
    "hun": "hu", "ron": "ro", "ukr": "uk", "hin": "hi", "ind": "id", "vie": "vi", "tha": "th",
}  # fmt: skip


class CaptionFiles:
    """The files of a folder and its folders `videos` and `captions`, by id.

    Args:
        language: FLORES code of the captions; empty: English.
    """

    def __init__(self, root: Path, language: str = ""):
        code = (language or "eng_Latn")[:3]
        self.language = _TWO_LETTERS.get(code, code)
        self._root = root
        self._captions: dict[str, list[tuple[tuple, str]]] | None = None
        self._videos: dict[str, str] = {}

    def of(self, name: str) -> str | None:
        """The captions of an id, relative to the root: the language alone before its variants."""
        found = self._listed()[0].get(name)
        return min(found)[1] if found else None

    def video(self, name: str) -> str | None:
        """The video of an id, relative to the root."""
        return self._listed()[1].get(name)

    def expected(self, name: str) -> str:
        return f"{name}.{self.language}*{{{','.join(SUFFIXES)}}}"

    def _listed(self) -> tuple[dict[str, list[tuple[tuple, str]]], dict[str, str]]:
        if self._captions is None:
            self._captions = {}
            for folder in FOLDERS:
                path = self._root / folder
                names = sorted(entry.name for entry in path.iterdir()) if path.is_dir() else []
                for name in names:
                    self._add(f"{folder}/{name}" if folder else name, name)
        return self._captions, self._videos

    def _add(self, path: str, name: str) -> None:
        stem, _, suffix = name.rpartition(".")
        if f".{suffix}" in SUFFIXES:
            video, _, code = stem.rpartition(".")
            if suffix == "json" and not video:
                video, code = stem, self.language  # {id}.json
            if video and code.split("-")[0].lower() == self.language:
                preference = (code.lower() != self.language, SUFFIXES.index(f".{suffix}"), code)
                self._captions.setdefault(video, []).append((preference, path))
        elif f".{suffix.lower()}" in VIDEO_SUFFIXES:
            self._videos.setdefault(stem, path)
