"""Captions as published, made fit for training and scoring; case and punctuation are kept."""

import re
import unicodedata

# UTF-8 read as Windows-1252 somewhere on the way: "â€™" was an apostrophe.
_DOUBLY_ENCODED = {
    "â€™": "'",
    "â€˜": "'",
    "â€œ": '"',
    "â€\x9d": '"',
    "â€”": "-",
    "â€“": "-",
    "â€¦": "...",
    "Ã©": "é",
}
# How2Sign lost some apostrophes to question marks ("you?re"); a real question mark is never
# followed at once by one of these endings.
_LOST_APOSTROPHE = re.compile(r"(?<=[A-Za-z])\?(?=(?:m|re|s|t|ve|ll|d)\b)")
_QUOTES = str.maketrans({"‘": "'", "’": "'", "‛": "'", "`": "'", "“": '"', "”": '"', "„": '"'})


def normalise(caption: str) -> str:
    """Mend spaces, quotes and the mojibake of the annotations; say nothing else differently."""
    for wrong, right in _DOUBLY_ENCODED.items():
        caption = caption.replace(wrong, right)
    caption = unicodedata.normalize("NFC", caption).translate(_QUOTES)
    caption = _LOST_APOSTROPHE.sub("'", caption)
    return " ".join(caption.split())
