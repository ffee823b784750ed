"""The live page in a real Chromium, with a clip as its camera."""

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
# Stillness before and after the signs: the camera is on for a while before Record is pressed.
BEFORE_S, AFTER_S, COUNTDOWN_S = 4.5, 5.0, 3.0


@dataclass
class LivePage:
    """A page and what its browser logged."""

    page: Any
    """Playwright's."""
    requested: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def record(self, seconds: float) -> None:
        """Record with the camera until the clip is over."""
        page = self.page
        page.get_by_role("button", name="Camera").click()
        page.get_by_role("button", name="Record", exact=True).click()
        page.get_by_role("button", name="Stop").wait_for()
        page.wait_for_timeout(1000 * (BEFORE_S - COUNTDOWN_S + seconds + 0.6))
        page.get_by_role("button", name="Stop").click()
        page.locator("#trim").wait_for()

    def translate(self) -> list[str]:
        """Translate what is chosen: the texts of the first system, in the order of languages."""
        self.page.get_by_role("button", name="Translate", exact=True).click()
        self.page.get_by_text("Translation ready").wait_for(timeout=120_000)
        return self.page.locator(".system").first.locator(".text").all_inner_texts()


@contextmanager
def live_page(address: str, camera: Path | None = None, **context: Any) -> Iterator[LivePage]:
    """Open the page and wait until it is ready.

    Args:
        camera: a video that Chromium takes for the camera's, see `write_camera_file`.
        context: of the browser: `viewport`, `color_scheme`, `locale`, ...
    """
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
    if camera is not None:
        arguments += [
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={camera}",
        ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_context(**{"locale": "en-GB", **context}).new_page()
        found = LivePage(page)
        page.on("request", lambda request: found.requested.append(request.url))
        page.on("pageerror", lambda error: found.errors.append(str(error)))
        page.on("console", lambda m: found.errors.append(m.text) if m.type == "error" else None)
        page.goto(address)
        page.locator("#server-state.ready").wait_for(timeout=60_000)
        yield found
        browser.close()


def write_camera_file(clip: bytes, path: Path) -> float:
    """Write a clip as Chromium's fake camera plays it, with stillness around it.

    Returns:
        The clip's length in seconds.
    """
    with av.open(io.BytesIO(clip)) as container:
        rate = container.streams.video[0].average_rate
        frames = [frame.reformat(format="yuv420p") for frame in container.decode(video=0)]
    with av.open(str(path), "w", format="yuv4mpegpipe") as out:
        stream = out.add_stream("wrapped_avframe", rate=rate)
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, "yuv420p"
        still = [frames[0]] * int(BEFORE_S * rate), [frames[-1]] * int(AFTER_S * rate)
        for number, frame in enumerate([*still[0], *frames, *still[1]]):
            frame.pts, frame.time_base = number, 1 / rate
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return float(len(frames) / rate)
