"""Answers as records, text and subtitles."""

import pytest

from sonar_sign.serving.answers import as_record, as_text
from sonar_sign.serving.jobs import Job
from sonar_sign.serving.requests import JobRequest


@pytest.fixture
def job() -> Job:
    job = Job(JobRequest(("eng_Latn", "ita_Latn"), ("finetuned", "other")), None, {"seconds": 9.0})
    parts = [(0.0, 4.5, "Hello -->\nyou.", "Ciao."), (4.5, 9.0, "", "")]
    for system in ("finetuned", "other"):
        for start_s, end_s, english, italian in parts:
            texts = {"eng_Latn": english, "ita_Latn": italian}
            found = {code: [{"text": text, "score": -1}] for code, text in texts.items() if text}
            job.add("part", system=system, start_s=start_s, end_s=end_s, texts=found)
    job.add("done")
    return job


def test_subtitles_are_of_one_language_and_hold_nothing_that_ends_a_cue(job):
    assert as_text(job, "srt", None, None) == "1\n00:00:00,000 --> 00:00:04,500\nHello -> you.\n\n"
    assert as_text(job, "vtt", "ita_Latn", "other").startswith("WEBVTT\n\n00:00:00.000 --> ")
    assert as_text(job, "txt", "ita_Latn", None) == "Ciao.\n"


@pytest.mark.parametrize(
    "kind, language, system", [("pdf", None, None), ("txt", "deu_Latn", None), ("txt", None, "x")]
)
def test_what_was_not_asked_for_is_not_there(job, kind, language, system):
    assert as_text(job, kind, language, system) is None


def test_the_record_of_a_failed_job_says_why():
    job = Job(JobRequest(("eng_Latn",), ("finetuned",)), None, {})
    job.add("queued", place=2)
    assert as_record(job)["place"] == 2
    job.add("failed", code="time", sentence="It took too long.")
    record = as_record(job)
    assert (record["state"], record["code"]) == ("failed", "time") and "place" not in record
