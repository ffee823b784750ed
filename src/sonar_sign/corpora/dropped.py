"""Why a row of the annotations becomes no clip: a short closed list of reasons."""

from dataclasses import dataclass

# Longer captions are no sentences; SONAR reads at most about 500 pieces.
MAX_CAPTION_CHARACTERS = 2_000

REASONS = {
    "malformed_row": "the row has another number of fields than the header",
    "bad_name": "the clip's or the video's name cannot be a file name",
    "bad_times": "a time is no number of seconds",
    "bad_language": "the row's language is none that SONAR knows",
    "bad_box": "the published box of the signer is no part of a picture",
    "no_captions": "the video has no file of captions that can be read",
    "repeated_cue": "the cue shows only what the cue before it has shown",
    "missing_file": "neither the full video nor the sentence clip exists",
    "unreadable": "the video cannot be opened, or is truncated",
    "no_frames": "the video has no frames, or shows none during the sentence",
    "no_times": "a sentence of a full video has no start or no end",
    "ends_before_start": "the sentence ends before it starts",
    "starts_after_end": "the sentence starts after the video's end",
    "too_short": "the sentence is shorter than prepare.min_duration_s",
    "too_long": "one cue is longer than corpus.max_sentence_s",
    "empty_caption": "the caption is empty",
    "long_caption": f"the caption has more than {MAX_CAPTION_CHARACTERS} characters, or the "
    "corpus's own limit",
    "duplicate_id": "an earlier row has the same clip id",
    "similar_id": "an earlier row's clip id differs only in case, spaces or Unicode normalisation",
}


@dataclass(frozen=True)
class Dropped:
    """Why a clip cannot be used."""

    reason: str
    """A key of `REASONS`."""
    detail: str
    """More about this clip."""
