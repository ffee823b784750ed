"""Normalises published captions for training and scoring; keeps case and punctuation."""

import re
import unicodedata

# UTF-8 that was decoded as Windows-1252 or Latin-1: "â€™" was an apostrophe, "Ã©" an é.
_BYTES = {bytes([b]).decode("cp1252", errors="ignore"): b for b in range(0x80, 0xC0)}
_BYTES |= {chr(b): b for b in range(0x80, 0x100)}
_SECOND = "[" + re.escape("".join(char for char, b in _BYTES.items() if b < 0xC0)) + "]"
_DOUBLY_ENCODED = re.compile(f"[ÂÃ]{_SECOND}|â[\x80€]{_SECOND}")
# How2Sign has question marks in place of some apostrophes ("you?re"); a real question mark is
# never followed directly by one of these endings.
_LOST_APOSTROPHE = re.compile(r"(?<=[A-Za-z])\?(?=(?:m|re|s|t|ve|ll|d)\b)")
_QUOTES = str.maketrans({"‘": "'", "’": "'", "‛": "'", "`": "'", "“": '"', "”": '"', "„": '"'})


def normalise(caption: str) -> str:
    """Repair spaces, quotation marks and wrongly decoded characters; change nothing else."""
    if caption.isascii():  # most captions; what is below changes nothing else in them
        caption = caption.replace("`", "'")
    else:
        caption = _DOUBLY_ENCODED.sub(
            lambda match: bytes(_BYTES[char] for char in match[0]).decode("utf-8"), caption
        )
        caption = unicodedata.normalize("NFC", caption).translate(_QUOTES)
    if "?" in caption:
        caption = _LOST_APOSTROPHE.sub("'", caption)
    return " ".join(caption.split())
