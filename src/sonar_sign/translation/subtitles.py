"""Translations as plain text, JSON lines, SRT or WebVTT."""

import json
from typing import TYPE_CHECKING, Literal, TextIO, get_args

if TYPE_CHECKING:
    from sonar_sign.translation.translator import Translation

Format = Literal["text", "jsonl", "srt", "vtt"]
FORMATS = get_args(Format)
SUBTITLES = ("srt", "vtt")
NOTHING = "[nothing is signed here]"


class Writer:
    """Writes translations to a stream one by one, in one of `FORMATS`.

    Args:
        timings: write how long each stage took, too (`text` and `jsonl`).
    """

    def __init__(self, stream: TextIO, format: str, timings: bool):
        self.stream, self.format, self.timings = stream, format, timings
        self.n_cues = 0
        if format == "vtt":
            self._line("WEBVTT\n")

    def write(self, translation: "Translation") -> None:
        """Write one translation, in all of its languages."""
        {"text": self._text, "jsonl": self._jsonl, "srt": self._cue, "vtt": self._cue}[self.format](
            translation
        )
        self.stream.flush()

    def _line(self, line: str) -> None:
        """Write a line; letters that the stream's encoding lacks are escaped."""
        encoding = getattr(self.stream, "encoding", None) or "utf-8"
        self.stream.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")

    def _text(self, translation: "Translation") -> None:
        video = printable(translation.video)
        times = f"{translation.start_s:.2f}-{translation.end_s:.2f}"
        for language, hypotheses in translation.hypotheses.items():
            if not hypotheses:
                self._line(f"{video}\t{times}\t{language}\t{NOTHING}")
            for rank, hypothesis in enumerate(hypotheses, start=1):
                score = f"\t{rank}\t{hypothesis.score:.3f}" if len(hypotheses) > 1 else ""
                text = printable(" ".join(hypothesis.text.split()))
                self._line(f"{video}\t{times}\t{language}{score}\t{text}")
        if self.timings:
            stages = ", ".join(f"{k} {v:.0f} ms" for k, v in translation.timings_ms.items())
            self._line(f"{video}\t# {stages}")

    def _jsonl(self, translation: "Translation") -> None:
        record = {
            "video": str(translation.video),
            "start_s": round(translation.start_s, 3),
            "end_s": round(translation.end_s, 3),
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

    def _cue(self, translation: "Translation") -> None:
        if not translation.signed:
            return
        self.n_cues += 1
        mark = "," if self.format == "srt" else "."
        start, end = (_clock(t, mark) for t in (translation.start_s, translation.end_s))
        if self.format == "srt":
            self._line(str(self.n_cues))
        self._line(f"{start} --> {end}")
        for hypotheses in translation.hypotheses.values():
            # A blank line would end the cue, and WebVTT does not allow "-->" in its text.
            text = printable(" ".join(hypotheses[0].text.split()))
            self._line(text.replace("-->", "->"))
        self._line("")


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
