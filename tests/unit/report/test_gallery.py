"""`gallery`: a page of clips and translations, looked at in a real browser where there is one."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from frames import write_table
from small_files import numbered, write_video

from sonar_sign.clips.clip_shards import ClipInfo, write_clips
from sonar_sign.core.errors import UserError
from sonar_sign.report.gallery import differing, gallery

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
IDS = [f"clip{n:02d}" for n in range(30)]
REFERENCES = [f"now you turn cup {n} <b>" for n in range(30)]


@pytest.fixture
def made(tmp_path):
    """A gallery of two systems; the clips 0 to 14 are signer a's, one of `poor` is perfect."""
    manifest = pd.DataFrame(
        {"clip_id": IDS, "source": "v", "text": REFERENCES, "fps": "24"}
        | {"signer": ["a"] * 15 + ["b"] * 15, "n_frames": [str(24 + n) for n in range(30)]}
    )
    write_table(tmp_path / "test.tsv", manifest)
    poor = ["we put cup down"] * 29 + [REFERENCES[29]]
    for name, texts in (("poor", poor), ("good", REFERENCES)):
        write_table(tmp_path / f"{name}.tsv", pd.DataFrame({"clip_id": IDS, "prediction": texts}))
    write_video(tmp_path / "v.mp4", [numbered(n, 64, 64) for n in range(24)])
    video = (tmp_path / "v.mp4").read_bytes()
    info = ClipInfo((0, 0, 64, 64), "video", 1, 1, 24.0, 24, 64, 64)
    # One clip was dropped by crop, so there is nothing to play.
    write_clips(tmp_path / "0000.tar", [(i, None if i == IDS[3] else video, info) for i in IDS])
    return tmp_path


def build(folder, shards=True, systems=("poor", "good")):
    predictions = {name: folder / f"{name}.tsv" for name in systems}
    given = [folder / "0000.tar"] if shards else []
    gallery(predictions, folder / "test.tsv", given, folder / "page")
    return folder / "page"


def data_of(page: Path):
    text = (page / "index.html").read_text(encoding="utf-8")
    return json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])


def test_clips_without_a_face_are_counted_on_the_page(made):
    video = (made / "v.mp4").read_bytes()
    infos = [
        ClipInfo((0, 0, 64, 64), "fallback" if n < 4 else "video", 0, 1, 24.0, 24, 64, 64)
        for n in range(30)
    ]
    write_clips(made / "0000.tar", [(i, video, info) for i, info in zip(IDS, infos, strict=True)])
    assert data_of(build(made))["note"].startswith("In 4 of 30 clips no face was found")


def test_the_page_holds_every_clip_and_translation(made):
    page = build(made)
    data = data_of(page)
    assert data["systems"] == ["poor", "good"] and data["note"] == ""
    assert [clip["id"] for clip in data["clips"]] == IDS
    clip = data["clips"][4]
    assert clip["reference"] == REFERENCES[4] and clip["signer"] == "a"
    assert clip["seconds"] == pytest.approx(28 / 24, abs=0.01)
    assert [one["bleu"] > 99 for one in clip["translations"]] == [False, True]
    assert (page / clip["video"]).read_bytes() == (made / "v.mp4").read_bytes()
    assert data["clips"][3]["video"] is None
    assert len(list((page / "clips").iterdir())) == 29
    # What is signed cannot end the script that holds it.
    assert (page / "index.html").read_text().count("</script>") == 2


def test_without_shards_there_are_no_videos_and_the_page_says_why(made):
    page = build(made, shards=False)
    assert "faces" in data_of(page)["note"]
    assert [path.name for path in page.iterdir()] == ["index.html"]


@pytest.mark.parametrize(
    ("prediction", "marked"),
    [
        ("we take the cup", []),
        ("we put the cup", ["put"]),
        ("cup we take the", ["cup"]),
        ("", []),
        ("take take the", ["take"]),
    ],
)
def test_words_that_differ_are_marked(prediction, marked):
    words = differing(prediction, "we take the cup")
    assert " ".join(word for word, _ in words) == prediction
    assert [word for word, differs in words if differs] == marked


def test_systems_of_other_clips_are_refused(made):
    write_table(made / "few.tsv", pd.DataFrame({"clip_id": IDS[:5], "prediction": "x"}))
    with pytest.raises(UserError, match="25 only in .*test.tsv"):
        build(made, systems=("good", "few"))
    with pytest.raises(UserError, match="one system"):
        build(made, systems=())


@pytest.fixture
def browser():
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


def test_in_a_browser(made, browser):
    page_folder = build(made)
    page = browser.new_page(viewport={"width": 360, "height": 740}, color_scheme="dark")
    complaints, requested = [], []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requested.append(request.url))
    page.goto((page_folder / "index.html").as_uri())
    shown = page.locator("li.clip h2")

    # The last system's scores order the clips: all are perfect, so by name; 24 a page.
    assert page.inner_text("#count") == "30 of 30 clips"
    assert shown.all_inner_texts() == IDS[:24]
    page.get_by_role("button", name="Next page").click()
    assert shown.all_inner_texts() == IDS[24:]

    # Sorted by the other system its one perfect clip comes first; filters add up.
    page.get_by_label("System for scores").select_option("poor")
    assert shown.first.inner_text() == IDS[29]
    assert page.locator("li.clip").nth(1).locator("mark").count() > 0
    page.get_by_label("Score from").fill("99")
    assert shown.all_inner_texts() == [IDS[29]]
    page.get_by_label("Score from").fill("0")
    page.get_by_label("Signer").select_option("a")
    page.get_by_role("combobox", name="Order").select_option("long")
    page.get_by_label("Longer than").fill("1.5")
    assert shown.all_inner_texts() == [IDS[n] for n in (14, 13, 12)]
    page.get_by_label("Words").fill("cup 13")
    assert page.inner_text("#count") == "1 of 30 clips"

    # It plays, and text is text.
    assert page.locator("video").evaluate(
        "async v => { await v.play(); await new Promise(r => setTimeout(r, 400));"
        " return v.currentTime > 0 && !v.error }"
    )
    assert "turn cup 13 <b>" in page.inner_text("li.clip")

    # Every control can be reached by keyboard and has a name; a phone's width suffices.
    page.get_by_label("System for scores").focus()
    reached = []
    for _ in range(6):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
    assert reached == ["order", "signer", "least", "most", "seconds", "words"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.emulate_media(color_scheme="light")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark

    assert complaints == []
    inside = page_folder.as_uri()
    assert requested and all(url.startswith((inside, "data:")) for url in requested)


def test_what_was_spoken_stands_with_its_translation(made):
    folder = made / "speech"
    folder.mkdir()
    feeling = {"style": "neutral", "source": "neutral", "source_in_words": "neutral"}
    rows = [
        {"id": IDS[1], "text": "ciao", "wav": f"{IDS[1]}.wav", "feeling": feeling},
        {"id": IDS[2], "text": "", "not_spoken": "its text is empty"},
    ]
    (folder / "speech.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / f"{IDS[1]}.wav").write_bytes(b"sound")
    predictions = {name: made / f"{name}.tsv" for name in ("poor", "good")}
    page = made / "page"
    gallery(predictions, made / "test.tsv", [], page, speech={"good.ita_Latn": folder})
    clips = data_of(page)["clips"]
    assert not any("speech" in one for one in clips[0]["translations"])
    poor, good = clips[1]["translations"]
    assert "speech" not in poor
    (spoken,) = good["speech"]
    assert (spoken["language"], spoken["text"], spoken["how"]) == ("ita_Latn", "ciao", "neutral")
    assert (page / spoken["sound"]).read_bytes() == b"sound"
    (silent,) = clips[2]["translations"][1]["speech"]
    assert silent["sound"] is None and "empty" in silent["how"]
