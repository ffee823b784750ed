"""What of a cue is said."""

import pytest

from sonar_sign.corpora.cue_cleaning import clean_cues, clean_lines
from sonar_sign.corpora.cues import Cue, CueFile


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Hello there.", ["Hello there."]),
        ("<i>Hello</i> <c.yellow>there</c>.", ["Hello there."]),
        ("<v Mary Ann>Hello</v>", ["Hello"]),
        ("well<00:00:01.040><c> known</c>", ["well known"]),
        (r"{\an8}Up here.", ["Up here."]),
        ("[Music]", []),
        ("[applause] Thank you. [laughs]", ["Thank you."]),
        ("(laughs) Yes.", ["Yes."]),
        ("(this one is a real aside) Yes.", ["(this one is a real aside) Yes."]),
        ("♪ la la ♪", ["la la"]),
        ("♪♪", []),
        (">> Hello.", ["Hello."]),
        (">> JOHN: Hello.", ["Hello."]),
        ("- Hello.\n- Bye.", ["Hello.", "Bye."]),
        ("DR. SMITH: Hello.", ["Hello."]),
        ("Note: keep this. At 10:30 too.", ["Note: keep this. At 10:30 too."]),
        ("A well-known, 5 < 6 &amp; 7 &gt; 6.", ["A well-known, 5 < 6 & 7 > 6."]),
        ("Tom &lt;3 Ann", ["Tom <3 Ann"]),
        ("...", []),
        ("  two\n\n  lines  ", ["two", "lines"]),
        ("我们去上学。", ["我们去上学。"]),
        ("\u200b\ufeff", []),
        ("CODA: a child of deaf adults", ["a child of deaf adults"]),
    ],
)
def test_a_cue(text, lines):
    assert clean_lines(text) == lines


def cleaned(*cues: tuple[float, float, str], words: bool = False) -> list[str]:
    file = CueFile([Cue(n, *cue) for n, cue in enumerate(cues, start=1)], words)
    return [cue.text for cue in clean_cues(file)]


def test_captions_that_roll_say_every_line_once():
    # As YouTube writes them: a cue with the last line and a new one, then one of 10 ms.
    cues = [
        (0.0, 2.0, " \nso<00:00:00.500><c> this is</c>"),
        (2.0, 2.01, "so this is\n "),
        (2.01, 4.0, "so this is\nhow<00:00:02.500><c> it rolls</c>"),
        (4.0, 4.01, "how it rolls\n "),
        (4.01, 6.0, "how it rolls\nhow it rolls"),
    ]
    assert cleaned(*cues, words=True) == ["so this is", "", "how it rolls", "", "how it rolls"]
    repeats = [
        cue.is_repeat for cue in clean_cues(CueFile([Cue(n, *c) for n, c in enumerate(cues)], True))
    ]
    assert repeats == [False, True, False, True, False]


def test_rolling_is_seen_without_times_of_words():
    cues = [(at, at + 1.0, f"line {at}\nline {at + 1}") for at in range(5)]
    assert cleaned(*cues) == ["line 0 line 1", "line 2", "line 3", "line 4", "line 5"]


def test_who_says_no_twice_says_it_twice():
    assert cleaned((0, 1, "No."), (1, 2, "No."), (2, 3, "Yes.")) == ["No.", "No.", "Yes."]


def test_one_text_at_one_time_is_said_once():
    assert cleaned((0, 2, "No."), (0, 2, "No."), (2, 3, "Yes.")) == ["No.", "", "Yes."]


def test_cues_come_in_the_order_of_their_starts():
    assert cleaned((5, 6, "c"), (1, 2, "a"), (3, 4, "b"), (None, 1, "?x")) == ["a", "b", "c", "?x"]
