"""The live page in a real browser, with the tiny run's models: what is said means nothing here.

benchmarks/serving.py asks whether the sentences are right, with the demo's models.
"""

import os
import subprocess
import sys
from pathlib import Path

import av
import pytest
import requests
from browser_page import CHROMIUM, live_page, write_camera_file
from hostile_uploads import encoded, hostile_uploads
from serve_command import serving

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")
pytest.importorskip("multipart", reason="the extra 'serve' is not installed")

pytestmark = pytest.mark.long
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
AXE = Path(os.environ.get("AXE_CORE", "node_modules/axe-core/axe.min.js"))
NO_NETWORK = (
    "unshare",
    "--net",
    "--map-root-user",
    "sh",
    "-c",
    'ip link set lo up; exec "$@"',
    "sh",
)
SYSTEMS = ("--system", "finetuned", "--system", "stage1")


@pytest.fixture(scope="module")
def server(finished, tmp_path_factory):
    temporary = tmp_path_factory.mktemp("temporary")
    with serving(finished.folder, temporary, "--results", "results/demo", *SYSTEMS) as found:
        yield found


@pytest.fixture(scope="module")
def clip(server) -> bytes:
    return requests.get(f"{server.address}api/examples/1.mp4", timeout=60).content


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@needs_chromium
def test_the_camera_is_recorded_translated_and_forgotten(server, clip, tmp_path):
    camera = tmp_path / "camera.y4m"
    seconds = write_camera_file(clip, camera)
    with live_page(server.address, camera) as live:
        live.record(seconds)
        page = live.page
        start, end = (
            float(page.locator(f"#trim-{name}").input_value()) for name in ("start", "end")
        )
        # The still time before and after the signs is left out.
        assert start > 0.5 and seconds - 0.7 < end - start < seconds + 1.2
        texts = live.translate()
        assert len(texts) == 2 and all(texts)
        page.get_by_text("What the model saw").click()
        page.locator("#frame svg rect.face").wait_for()
        assert page.locator("#crop").get_attribute("src").startswith("blob:")
        with page.expect_download() as download:
            page.get_by_role("button", name="WebVTT").click()
        assert Path(download.value.path()).read_text().startswith("WEBVTT")
        page.get_by_role("button", name="Record again").click()
        page.get_by_role("button", name="Record", exact=True).wait_for()
    assert live.errors == []
    assert all(url.startswith((server.address, "blob:")) for url in live.requested)
    assert files_in(server.temporary) == []


@needs_chromium
def test_systems_side_by_side_in_italian_on_a_phone(server):
    context = {"viewport": {"width": 360, "height": 740}, "locale": "it-IT",
               "color_scheme": "dark", "reduced_motion": "reduce"}  # fmt: skip
    with live_page(server.address, **context) as live:
        page = live.page
        page.get_by_role("button", name="Esempi").click()
        page.get_by_role("button", name="Esempio 2").click()
        page.get_by_label("stage1").check()
        page.get_by_role("button", name="Traduci").click()
        page.get_by_text("Traduzione pronta").wait_for(timeout=60_000)
        assert page.locator(".system").count() == 2
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.locator("details summary").first.click()
        # The choice is remembered.
        page.reload()
        page.locator("#server-state.ready").wait_for()
        assert page.get_by_label("stage1").is_checked()
        assert page.context.cookies() == []
    assert live.errors == []


@needs_chromium
def test_speech_plays_and_the_dubbed_video_has_it(server, clip):
    """Where the tiny run's model has words for the clip; else that nothing pretends to speak."""
    if not server.get("api/systems")["speech"]["languages"]:
        pytest.skip("no engine of speech is installed")
    answer = server.post(clip, language="eng_Latn", system="finetuned").json()
    has_words = any(one["text"].strip() for one in answer["parts"][0]["texts"]["eng_Latn"])
    with live_page(server.address) as live:
        page = live.page
        page.get_by_role("button", name="Examples").click()
        page.get_by_role("button", name="Example 1").click()
        page.get_by_label("Speak the translation").check()
        page.get_by_label("Style").select_option("sad")
        page.get_by_label("Make a video with it").check()
        live.translate()
        assert page.get_by_text("English · Sad (chosen)").count() == has_words
        if not has_words:
            return
        played = page.evaluate(
            "async () => { const one = document.querySelector('audio'); await one.play();"
            " await new Promise(done => setTimeout(done, 400)); return one.currentTime; }"
        )
        assert played > 0.1
        with page.expect_download() as download:
            page.get_by_role("button", name="Dubbed video, English").click()
        with av.open(str(download.value.path())) as video:
            assert len(video.streams.audio) == len(video.streams.video) == 1
    assert live.errors == []


@needs_chromium
def test_languages_are_found_by_keyboard(server):
    with live_page(server.address) as live:
        page = live.page
        page.get_by_role("button", name="Remove Italian").click()
        search = page.get_by_role("combobox", name="Add a language")
        for words in ("italiano", "ITA", "it", "Itàl"):
            search.fill(words)
            assert "Italian" in page.locator("#language-list li").first.inner_text()
        search.press("Enter")
        page.get_by_role("button", name="Remove Italian").wait_for()
        search.fill("qqq")
        assert page.get_by_role("listbox").count() == 0
        search.press("Escape")


@needs_chromium
def test_a_file_that_is_no_video_is_a_sentence_in_both_languages(server, tmp_path):
    path = tmp_path / "letter.mp4"
    path.write_text("no video")
    with live_page(server.address) as live:
        page = live.page
        page.locator("#file").set_input_files(path)
        page.get_by_role("button", name="Translate", exact=True).click()
        page.get_by_role("alert").filter(has_text="cannot be read as a video").wait_for()
        page.get_by_label("Language of this page").select_option("it")
        page.get_by_role("button", name="Traduci").click()
        page.get_by_role("alert").filter(has_text="non si può leggere").wait_for()


@needs_chromium
@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm install axe-core")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(server, scheme):
    script = AXE.read_text(encoding="utf-8")
    with live_page(server.address, color_scheme=scheme, bypass_csp=True) as live:
        page = live.page

        def check() -> None:
            page.evaluate(script)
            found = page.evaluate("axe.run()")["violations"]
            assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []

        check()
        page.get_by_role("button", name="Examples").click()
        check()
        page.get_by_role("button", name="Example 2").click()
        page.get_by_role("combobox", name="Add a language").fill("e")
        check()
        live.translate()
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        check()
        page.goto(f"{server.address}api/docs")
        page.get_by_text("/api/health").wait_for()
        check()


def test_hostile_uploads_are_a_sentence_each_and_leave_nothing(server):
    for name, content in hostile_uploads():
        answer = server.post(content)
        if name != "100 frames":  # fewer than the server allows
            assert answer.status_code in (400, 413, 422), name
            assert answer.json()["error"].endswith("."), name
    assert server.get("api/health")["status"] == "ready"
    assert files_in(server.temporary) == []


def test_it_works_without_a_network(finished, tmp_path):
    """Server, page and client in a network namespace that has only itself."""
    if subprocess.run([*NO_NETWORK, "true"], capture_output=True).returncode:
        pytest.skip("no network namespace can be made here")
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from hostile_uploads import encoded\n"
        "from serve_command import serving\n"
        "with serving(Path('.'), Path(sys.argv[1]), *sys.argv[2:]) as server:\n"
        "    print(server.post(encoded(size=(160, 160), n_frames=48)).json()['state'])\n"
    )
    paths = [*sys.path, os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [*NO_NETWORK, sys.executable, "-c", script, str(tmp_path), *SYSTEMS[:2],
         "--results", "results/demo"],
        cwd=finished.folder, capture_output=True, text=True, timeout=240,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
    )  # fmt: skip
    assert done.stdout.split()[-1:] == ["done"], done.stderr[-2000:]


def test_with_another_host_a_token_is_needed(finished, tmp_path):
    with serving(finished.folder, tmp_path, *SYSTEMS[:2], "--results", "results/demo",
                 "--host", "0.0.0.0") as found:  # fmt: skip
        address = found.address.replace("0.0.0.0", "127.0.0.1")
        assert requests.get(f"{address}api/systems", timeout=10).status_code == 401
        assert requests.get(f"{address}api/systems", headers=found.headers, timeout=10).ok


def test_models_that_cannot_be_loaded_are_a_sentence(finished, tmp_path):
    damaged = tmp_path / "damaged.pt"
    damaged.write_bytes(b"no model")
    done = subprocess.run(
        [sys.executable, "-m", "sonar_sign", "serve", "--port", "0", "--results", "results/demo",
         "--system", "finetuned", "--sign-encoder", str(damaged)],
        cwd=finished.folder, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "damaged.pt" in done.stderr


def test_a_long_video_is_translated_part_by_part(server, clip):
    content = encoded(size=(320, 240), n_frames=24 * 30)
    record = server.post(content).json()
    assert record["state"] == "done" and len(record["parts"]) > 2
    edges = [(part["start_s"], part["end_s"]) for part in record["parts"]]
    assert edges[0][0] == 0 and all(a[1] == b[0] for a, b in zip(edges, edges[1:], strict=False))
