"""What a worker reports of a video, with real models that are tiny."""

import base64
import io
import threading

import av
import pytest
import torch
from build_once import build_once
from tiny_systems import build_project

from sonar_sign.core.errors import UserError
from sonar_sign.serving.requests import JobRequest
from sonar_sign.serving.translation_worker import CancelledError, Models

torch.set_num_threads(1)
VIDEO = {"seconds": 3.0}
LANGUAGES = ("eng_Latn", "ita_Latn")


@pytest.fixture(scope="module")
def project(tmp_path_factory, tiny_sonar):
    def build(folder):
        build_project(folder, tiny_sonar, predicted=False)

    return build_once(tmp_path_factory, "declared", build)


def setup_of(project, *systems: str) -> dict:
    choice = {"system": list(systems), "results": str(project / "results/tiny"), "model": None}
    choice |= dict.fromkeys(("sign_hiera", "sign_encoder", "sonar", "sonar_decoder"))
    return {"choice": choice, "threads": 1, "device": "cpu", "text_model": ""}


@pytest.fixture(scope="module")
def models(project) -> Models:
    return Models.load(setup_of(project, "finetuned", "decoder"))


def report_of(models: Models, project, request: JobRequest, cancel=None) -> list[dict]:
    events = []

    def report(event: str, **values) -> None:
        events.append({"event": event, **values})

    models.translate(project / "raw/v.mp4", VIDEO, request, report, cancel or threading.Event())
    return events


def test_texts_are_reported_as_they_are_decoded_then_the_part_then_the_pictures(models, project):
    events = report_of(models, project, JobRequest(LANGUAGES, ("finetuned",), n_best=3))
    kinds = [event["event"] for event in events if event["event"] != "stage"]
    assert kinds[:3] == ["text", "text", "part"] and kinds[3:] == ["file", "picture", "file"]
    texts = {event["language"]: event["texts"] for event in events if event["event"] == "text"}
    part = next(event for event in events if event["event"] == "part")
    assert part["texts"] == texts and list(texts) == list(LANGUAGES)
    scores = [one["score"] for one in texts["ita_Latn"]]
    assert len(scores) == 3 and scores == sorted(scores, reverse=True)
    stages = [event["stage"] for event in events if event["event"] == "stage"]
    assert stages[:3] == ["reading", "face", "decode_and_crop"] and "decoding" in stages
    picture, crop = (event for event in events if event["event"] == "file")
    assert base64.b64decode(picture["content"]).startswith(b"\xff\xd8")
    with av.open(io.BytesIO(base64.b64decode(crop["content"]))) as container:
        assert (container.streams.video[0].width, container.streams.video[0].frames) == (32, 72)


def test_systems_side_by_side_have_the_same_parts(models, project):
    request = JobRequest(LANGUAGES[:1], ("decoder", "finetuned"), window_s=1.0, crop=False)
    parts = [event for event in report_of(models, project, request) if event["event"] == "part"]
    times = {
        name: [(one["start_s"], one["end_s"]) for one in parts if one["system"] == name]
        for name in ("decoder", "finetuned")
    }
    assert times["decoder"] == times["finetuned"] and len(times["decoder"]) == 3


def test_a_part_of_a_video_is_translated(models, project):
    request = JobRequest(LANGUAGES[:1], ("finetuned",), start_s=1.0, end_s=2.0, crop=False)
    (part,) = [one for one in report_of(models, project, request) if one["event"] == "part"]
    assert (part["start_s"], part["end_s"]) == (1.0, 2.0)


def test_a_job_that_nobody_wants_ends(models, project):
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        report_of(models, project, JobRequest(LANGUAGES, ("finetuned",)), cancel)


def test_what_is_known_of_the_systems(models, project):
    first, second = models.facts()
    assert (first["name"], second["name"]) == ("finetuned", "decoder")
    assert first["languages"] == sorted(LANGUAGES) and first["drawn"] is True
    assert first["trained_on"] == [{"name": "tiny", "clips": 3}]
    # Nothing was measured or can be compared with: nothing is claimed.
    assert first["test"] is None and first["calibrated"] is False


def test_a_system_that_is_not_there_is_a_sentence(project):
    with pytest.raises(UserError, match="finetuned"):
        Models.load(setup_of(project, "finetunde"))
