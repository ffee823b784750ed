"""The live page with the demo's models: right sentences, times, hostile uploads, many clients.

    .venv/bin/python benchmarks/serving.py [--folder DIR] [--only PART ...]

Needs a finished demo in DIR (make demo) and Chromium. Parts:
    times     upload to text of test clips, models warm; the first answer is left out
    camera    clips played as Chromium's fake camera, recorded on the page and translated
    hostile   200 uploads that are no honest videos; memory and temporary files afterwards
    clients   50 clients at once, each with one video, who come back when they get 429
    kills     the worker killed while it works, ten times
"""

import argparse
import os
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests/support")]
os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[:2])

from browser_page import live_page, write_camera_file  # noqa: E402
from hostile_uploads import encoded, hostile_uploads, mutated  # noqa: E402
from serve_command import Server, serving  # noqa: E402

from sonar_sign.core.tables import read_columns  # noqa: E402

LANGUAGES = ["eng_Latn", "ita_Latn"]
N_HOSTILE, N_CLIENTS, N_KILLS = 200, 50, 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path(), help="with results/demo")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        arguments = ("--system", "finetuned", "--results", "results/demo")
        with serving(options.folder, Path(temporary), *arguments) as server:
            show("page ready, models ready", f"{server.opened_s:.2f} s, {server.ready_s:.1f} s")
            examples = server.get("api/examples")
            clips = [
                (one["text"], requests.get(f"{server.address}api/examples/{one['id']}.mp4").content)
                for one in examples
            ]
            for name in options.only:
                PARTS[name](server, clips, options.folder)


def show(what: str, found: str) -> None:
    print(f"{what:45s} {found}", flush=True)


def times(server: Server, clips, folder: Path) -> None:
    server.post(clips[0][1], language=LANGUAGES)
    text_s, seconds = [], []
    for _, content in clips:
        started = time.perf_counter()
        job = requests.post(
            f"{server.address}api/translate", files={"video": content}, data={"language": LANGUAGES}
        ).json()
        with requests.get(f"{server.address}api/jobs/{job['id']}/events", stream=True) as events:
            next(line for line in events.iter_lines() if line == b"event: part")
            text_s.append(time.perf_counter() - started)
        seconds.append(job["video"]["seconds"])
    median, most = statistics.median(text_s), max(text_s)
    show(
        "upload to text, two languages",
        f"median {median:.2f} s, most {most:.2f} s; {len(clips)} clips of {min(seconds):.1f} to "
        f"{max(seconds):.1f} s",
    )


def camera(server: Server, clips, folder: Path) -> None:
    captions = {}
    for language, name in (("eng_Latn", "test"), ("ita_Latn", "test.ita_Latn")):
        for place in ("manifests", "captions"):
            path = folder / f"results/demo/{place}/{name}.tsv"
            if path.is_file():
                columns = read_columns(path, ("clip_id", "text"))
                captions[language] = dict(zip(columns["clip_id"], columns["text"], strict=True))
    italian = {text: captions["ita_Latn"][key] for key, text in captions["eng_Latn"].items()}
    right = Counter()
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "camera.y4m"
        for text, content in clips:
            seconds = write_camera_file(content, path)
            with live_page(server.address, path) as live:
                live.record(seconds)
                texts = live.translate()
            right["eng_Latn"] += texts[0] == text
            right["ita_Latn"] += texts[1] == italian[text]
            right["requests elsewhere"] += sum(
                not url.startswith((server.address, "blob:")) for url in live.requested
            )
    for name in (*LANGUAGES, "requests elsewhere"):
        show(f"camera, {name}", f"{right[name]} of {len(clips)} clips")


def hostile(server: Server, clips, folder: Path) -> None:
    listed = list(hostile_uploads())
    good = [clips[0][1], encoded("webm", "libvpx"), encoded("avi", "mpeg4"), encoded("gif", "gif")]
    listed += [
        (f"damaged {seed}", mutated(good[seed % len(good)], seed))
        for seed in range(N_HOSTILE - len(listed))
    ]
    before = memory_mb(server.process.pid)
    found = Counter()
    for _, content in listed:
        answer = server.post(content)
        record = answer.json()
        sentence = record.get("error", "")
        found[answer.status_code] += 1
        assert answer.status_code == 200 or sentence.endswith("."), (answer.status_code, record)
    time.sleep(2)
    after = memory_mb(server.process.pid)
    left = [path for path in server.temporary.rglob("*") if path.is_file()]
    show(f"{len(listed)} hostile or odd uploads", f"answers {dict(found)}")
    show("server afterwards", f"{server.get('api/health')['status']}, {len(left)} files left")
    show("memory of the server, before and after", f"{before:.0f} MB, {after:.0f} MB")


def clients(server: Server, clips, folder: Path) -> None:
    def ask(number: int) -> tuple[list[int], float]:
        statuses = []
        while True:
            answer = server.post(clips[number % len(clips)][1])
            statuses.append(answer.status_code)
            if answer.status_code != 429:
                return statuses, time.perf_counter()
            time.sleep(float(answer.headers["retry-after"]))

    started = time.perf_counter()
    with ThreadPoolExecutor(N_CLIENTS) as pool:
        answers = list(pool.map(ask, range(N_CLIENTS)))
    found = Counter(status for statuses, _ in answers for status in statuses)
    last = max(ended for _, ended in answers) - started
    show(f"{N_CLIENTS} clients at once", f"answers {dict(found)}, all in {last:.0f} s")


def kills(server: Server, clips, folder: Path) -> None:
    states = Counter()
    for _ in range(N_KILLS):
        job = requests.post(f"{server.address}api/translate", files={"video": clips[0][1]}).json()
        while server.get(f"api/jobs/{job['id']}")["state"] == "waiting":
            time.sleep(0.01)
        for pid in workers_of(server.process.pid):
            os.kill(pid, signal.SIGKILL)
        while (state := server.get(f"api/jobs/{job['id']}")["state"]) == "working":
            time.sleep(0.05)
        states[state] += 1
        while server.get("api/health")["status"] != "ready":
            time.sleep(0.2)
    again = server.post(clips[0][1]).json()["state"]
    show(f"{N_KILLS} kills of the worker", f"jobs {dict(states)}; a job afterwards: {again}")


def workers_of(pid: int) -> list[int]:
    """The server's processes that have models."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rsplit(")", 1)[1].split()[1])
            command = (path.parent / "cmdline").read_bytes()
        except OSError:  # it has just ended
            continue
        if parent == pid and b"serving.worker" in command:
            found.append(int(path.parent.name))
    return found


def memory_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1024


PARTS = {"times": times, "camera": camera, "hostile": hostile, "clients": clients, "kills": kills}

if __name__ == "__main__":
    main()
