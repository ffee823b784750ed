"""Translations as plain text, JSON lines, SRT or WebVTT."""

import json
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from sonar_sign.translation.translator import Translation

FORMATS = ("text", "jsonl", "srt", "vtt")


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
        self.stream.write(line + "\n")

    def _text(self, translation: "Translation") -> None:
        for language, hypotheses in translation.hypotheses.items():
            for rank, hypothesis in enumerate(hypotheses, start=1):
                score = f"\t{rank}\t{hypothesis.score:.3f}" if len(hypotheses) > 1 else ""
                times = f"{translation.start_s:.2f}-{translation.end_s:.2f}"
                self._line(f"{translation.video}\t{times}\t{language}{score}\t{hypothesis.text}")
        if self.timings:
            stages = ", ".join(f"{k} {v:.0f} ms" for k, v in translation.timings_ms.items())
            self._line(f"{translation.video}\t# {stages}")

    def _jsonl(self, translation: "Translation") -> None:
        record = {
            "video": str(translation.video),
            "start_s": round(translation.start_s, 3),
            "end_s": round(translation.end_s, 3),
            "box_from": translation.box_from,
            "translations": {
                language: [{"text": h.text, "score": h.score} for h in hypotheses]
                for language, hypotheses in translation.hypotheses.items()
            },
        }
        if self.timings:
            record["timings_ms"] = translation.timings_ms
        self._line(json.dumps(record, ensure_ascii=False))

    def _cue(self, translation: "Translation") -> None:
        self.n_cues += 1
        mark = "," if self.format == "srt" else "."
        start, end = (_clock(t, mark) for t in (translation.start_s, translation.end_s))
        if self.format == "srt":
            self._line(str(self.n_cues))
        self._line(f"{start} --> {end}")
        for hypotheses in translation.hypotheses.values():
            # A blank line would end the cue, and WebVTT does not allow "-->" in its text.
            self._line(" ".join(hypotheses[0].text.split()).replace("-->", "->"))
        self._line("")


def _clock(seconds: float, mark: str) -> str:
    """`HH:MM:SS,mmm`, with the format's mark before the milliseconds."""
    milliseconds = round(1000 * seconds)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}{mark}{milliseconds % 1000:03d}"
