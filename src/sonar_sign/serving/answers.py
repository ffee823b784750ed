"""What became of a job: as a record, as plain text, and as subtitles."""

import io
from pathlib import Path
from typing import Any

from sonar_sign.serving.jobs import Job

WRITTEN = {
    "txt": "text/plain; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
}


def as_record(job: Job) -> dict[str, Any]:
    """State, place in the queue, parts with their texts, files, and what went wrong."""
    by_event: dict[str, list[dict[str, Any]]] = {}
    for event in job.events:
        values = {name: value for name, value in event.items() if name != "event"}
        by_event.setdefault(event["event"], []).append(values)
    record: dict[str, Any] = {"id": job.id, "state": job.state, "video": job.video}
    if job.state == "waiting" and "queued" in by_event:
        record["place"] = by_event["queued"][-1]["place"]
    if job.state == "working" and "stage" in by_event:
        record["stage"] = by_event["stage"][-1]
    record["parts"] = by_event.get("part", [])
    record["notes"] = by_event.get("note", [])
    record["files"] = sorted(job.files)
    if job.state == "failed":
        record |= {"error": job.events[-1]["sentence"], "code": job.events[-1]["code"]}
    return record


def as_text(job: Job, kind: str, language: str | None, system: str | None) -> str | None:
    """The texts of one language and system, plain (`txt`) or as subtitles; None: there are none.

    Args:
        language, system: None: the first one that was asked for.
    """
    language = language or job.request.languages[0]
    system = system or job.request.systems[0]
    parts = [
        event for event in job.events if event["event"] == "part" and event["system"] == system
    ]
    if kind not in WRITTEN or language not in job.request.languages or not parts:
        return None
    if kind == "txt":
        texts = [_best(part, language) for part in parts]
        return "".join(f"{text}\n" for text in texts if text)
    # NumPy is imported with them.
    from sonar_sign.models.hypothesis import Hypothesis
    from sonar_sign.translation.results import Translation
    from sonar_sign.translation.subtitles import Writer

    written = io.StringIO()
    writer = Writer(written, kind, timings=False)
    for part in parts:
        text = _best(part, language)
        if text:
            hypotheses = {language: [Hypothesis(text, 0.0)]}
            times = part["start_s"], part["end_s"]
            writer.write(Translation(Path(), system, *times, hypotheses))
    return written.getvalue()


def _best(part: dict[str, Any], language: str) -> str:
    found = part["texts"].get(language, [])
    return " ".join(found[0]["text"].split()) if found else ""
