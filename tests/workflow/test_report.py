"""What people look at when a run is done: Snakemake's report and the gallery."""

import json
import re
import shutil

import pytest

from sonar_sign.core.tables import read_table

pytestmark = pytest.mark.slow

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
SYSTEMS = ["zero_shot", "stage1", "finetuned", "landmarks"]
LABELS = {
    "metrics with intervals",
    "all numbers",
    "speed and quality",
    "by length of the reference",
    "by duration",
    "by signer",
    "by frequency of words",
    "training curves",
    "attention of landmarks over time",
    "dropped clips by reason",
    "durations",
}


@pytest.fixture(scope="module")
def report(finished, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    run = finished.run("--report", str(path))
    assert run.code == 0, run.output
    return path


def test_the_report_has_every_picture(report):
    text = report.read_text(encoding="utf-8")
    for label in LABELS:
        assert f'"{label}"' in text, label
    # Captions are texts of ours, rules stand with their run times.
    assert "resampling source videos" in text and "predict_landmarks" in text


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_the_report_works_without_network(report):
    from playwright.sync_api import sync_playwright

    requested, errors = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("request", lambda request: requested.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(report.as_uri())
        page.get_by_text("Results", exact=True).last.click()
        page.get_by_text("metrics with intervals").first.wait_for()
        browser.close()
    assert errors == []
    assert {url.split(":")[0] for url in requested} <= {"file", "data", "blob"}


def test_the_gallery_has_the_clips_that_were_scored(finished):
    results = finished.folder / "results/demo"
    page = (results / "report/index.html").read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])
    manifest = read_table(results / "manifests/test.tsv", ("clip_id", "text"))
    assert data["systems"] == SYSTEMS and data["note"] == ""
    assert [clip["id"] for clip in data["clips"]] == manifest["clip_id"].tolist()
    assert all((results / "report" / clip["video"]).is_file() for clip in data["clips"])


def test_people_are_shown_only_when_somebody_says_so(project):
    project.write_config(project.config | {"gallery": {"videos": False}})
    run = project.run("results/demo/report/index.html")
    assert run.code == 0 and run.ran == {"gallery": 1}, run.output
    assert "biometric" in (project.folder / "results/demo/report/index.html").read_text()


def test_generate_picks_samples_of_every_system(project):
    project.write_config(project.config | {"sample": {"n": 5, "seed": 1}})
    run = project.run("generate")
    assert run.code == 0 and run.ran == {"sample": len(SYSTEMS)}, run.output
    for system in SYSTEMS:
        samples = json.loads((project.folder / f"results/demo/samples/{system}.json").read_text())
        assert len(samples) == 5
