"""Translations as plain text, JSON lines, SRT or WebVTT."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TextIO, get_args

if TYPE_CHECKING:
    from sonar_sign.translation.results import Translation

Format = Literal["text", "jsonl", "srt", "vtt"]
FORMATS = get_args(Format)
SUBTITLES = ("srt", "vtt")
NOTHING = "[nothing is signed here]"


class Writer:
    """Writes translations to a stream one by one, in one of `FORMATS`.

    Of several systems, each line and each record names its own. A cue has a line for each system
    and language.

    Args:
        timings: write how long each stage took, too (`text` and `jsonl`).
        n_systems: how many systems translate each part, one after the other.
    """

    def __init__(self, stream: TextIO, format: str, timings: bool, n_systems: int = 1):
        self.stream, self.format, self.timings = stream, format, timings
        self.n_systems = n_systems
        self.n_cues = 0
        self._of_part: list[Translation] = []
        if format == "vtt":
            self._line("WEBVTT\n")

    def write(self, translation: "Translation") -> None:
        """Write one translation, in all of its languages."""
        if self.format == "text":
            self._text(translation)
        elif self.format == "jsonl":
            self._jsonl(translation)
        else:
            self._of_part.append(translation)
            if len(self._of_part) == self.n_systems:
                self._cue(self._of_part)
                self._of_part = []
        self.stream.flush()

    def _line(self, line: str) -> None:
        """Write a line; letters that the stream's encoding lacks are escaped."""
        encoding = getattr(self.stream, "encoding", None) or "utf-8"
        self.stream.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")

    def _text(self, translation: "Translation") -> None:
        times = f"{translation.start_s:.2f}-{translation.end_s:.2f}"
        system = f"\t{printable(translation.system)}" if self.n_systems > 1 else ""
        head = f"{printable(translation.video)}\t{times}{system}"
        for language, hypotheses in translation.hypotheses.items():
            if not hypotheses:
                self._line(f"{head}\t{language}\t{NOTHING}")
            for rank, hypothesis in enumerate(hypotheses, start=1):
                score = f"\t{rank}\t{hypothesis.score:.3f}" if len(hypotheses) > 1 else ""
                self._line(f"{head}\t{language}{score}\t{_on_one_line(hypothesis.text)}")
        if self.timings:
            stages = ", ".join(f"{k} {v:.0f} ms" for k, v in translation.timings_ms.items())
            self._line(f"{printable(translation.video)}{system}\t# {stages}")

    def _jsonl(self, translation: "Translation") -> None:
        record = {
            "video": str(translation.video),
            "system": translation.system,
            "start_s": round(translation.start_s, 3),
            "end_s": round(translation.end_s, 3),
            "box": translation.box,
            "box_from": translation.box_from,
            "signed": translation.signed,
            "translations": {
                language: [{"text": h.text, "score": h.score} for h in hypotheses]
                for language, hypotheses in translation.hypotheses.items()
            },
        }
        if self.timings:
            record["timings_ms"] = translation.timings_ms
        line = json.dumps(record, ensure_ascii=False)
        encoding = getattr(self.stream, "encoding", None) or "utf-8"
        try:
            line.encode(encoding)
        except UnicodeEncodeError:
            line = json.dumps(record)
        self._line(line)

    def _cue(self, translations: "Sequence[Translation]") -> None:
        lines = [
            f"{printable(one.system)}: {text}" if self.n_systems > 1 else text
            for one in translations
            if not one.note  # else there is nothing to show, and it says why
            for text in map(_on_one_line, one.texts.values())
        ]
        if not lines:
            return
        self.n_cues += 1
        mark = "," if self.format == "srt" else "."
        first = translations[0]
        start, end = (_clock(t, mark) for t in (first.start_s, first.end_s))
        if self.format == "srt":
            self._line(str(self.n_cues))
        self._line(f"{start} --> {end}")
        for line in lines:
            # A blank line would end the cue, and WebVTT does not allow "-->" in its text.
            self._line(line.replace("-->", "->"))
        self._line("")


def _on_one_line(text: str) -> str:
    return printable(" ".join(text.split()))


def _clock(seconds: float, mark: str) -> str:
    """`HH:MM:SS,mmm`, with the format's mark before the milliseconds."""
    milliseconds = round(1000 * seconds)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}{mark}{milliseconds % 1000:03d}"


def printable(text: object) -> str:
    r"""Text on one line: tabs, line breaks and other control characters are escaped.

    >>> printable("a\tb")
    'a\\tb'
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in str(text)
    )
