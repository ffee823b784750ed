"""Captions: mojibake and spaces are mended, everything else stays."""

import pandas as pd
import pytest
from small_files import NO_REAL_DATA, REAL_DATA

from sonar_sign.corpora.captions import normalise


@pytest.mark.parametrize(
    ("published", "mended"),
    [
        ("Hi, I'm  Dr.\tSmith. ", "Hi, I'm Dr. Smith."),
        ("non\u00a0breaking\u2003spaces\u2028here", "non breaking spaces here"),
        ("you?re it?s don?t we?ve they?ll I?m he?d", "you're it's don't we've they'll I'm he'd"),
        ("Let\u2019s say \u201cyes\u201d or \u2018no\u2019", "Let's say \"yes\" or 'no'"),
        # UTF-8 read as Windows-1252, and as Latin-1.
        ("Letâ€™s go â€œhomeâ€\x9d â€“ nowâ€¦", 'Let\'s go "home" – now…'),
        ("Letâ\x80\x99s go â\x80\x9chomeâ\x80\x9d", 'Let\'s go "home"'),
        ("a cafÃ© crÃ¨me", "a café crème"),
        ("e\u0301", "é"),
        ("", ""),
        (" \t ", ""),
    ],
)
def test_what_is_mended(published, mended):
    assert normalise(published) == mended


@pytest.mark.parametrize(
    "caption",
    [
        "Are you ready? So am I.",
        "Is it five?Then stop.",
        "What?No.",
        'He said "no", and LEFT!',
        "naïve ÂB Ã la carte",
        "perché 50 % è più di 1/2",
        "3?s",
    ],
)
def test_what_is_left_alone(caption):
    assert normalise(caption) == caption


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason=NO_REAL_DATA)
@pytest.mark.parametrize("split", ["val", "test"])
def test_real_captions(split):
    path = REAL_DATA / f"how2sign_annotations/how2sign_realigned_{split}.csv"
    published = pd.read_csv(path, keep_default_na=False)["SENTENCE"].tolist()
    mended = [normalise(caption) for caption in published]
    assert [normalise(caption) for caption in mended] == mended
    assert not [caption for caption in mended if not caption.isprintable() or "â" in caption]
    changed = [(a, b) for a, b in zip(published, mended, strict=True) if " ".join(a.split()) != b]
    # A few dozen of thousands, and never more than a few characters of one.
    assert 0 < len(changed) < 60
    assert all(abs(len(a) - len(b)) < 10 for a, b in changed)
