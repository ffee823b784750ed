"""The API over HTTP, with real uploads and processes; the workers have no models."""

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
import serving_stand_in as stand_in
from hostile_uploads import TEXTS, encoded

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")
pytest.importorskip("multipart", reason="the extra 'serve' is not installed")

from sonar_sign.serving.api import create_app  # noqa: E402
from sonar_sign.serving.options import AddressOptions, QueueOptions, UploadLimits  # noqa: E402
from sonar_sign.serving.server import make_server, open_address  # noqa: E402
from sonar_sign.serving.service import ServiceOptions  # noqa: E402

pytestmark = pytest.mark.long
GOOD = encoded()
QUEUE = 4


class Client:
    """Asks a server that runs in a thread."""

    def __init__(self, port: int, app):
        self.base, self.app = f"http://127.0.0.1:{port}", app

    def get(self, path: str, **options) -> requests.Response:
        return requests.get(f"{self.base}{path}", timeout=30, **options)

    def post(self, content: bytes = GOOD, wait: bool = True, **fields) -> requests.Response:
        return requests.post(
            f"{self.base}/api/translate", params={"wait": str(wait).lower()},
            files={"video": ("../../etc/passwd", content)}, data=fields, timeout=60,
        )  # fmt: skip

    def events(self, job_id: str, **headers) -> list[dict]:
        with self.get(f"/api/jobs/{job_id}/events", stream=True, headers=headers) as response:
            lines = response.iter_lines(decode_unicode=True)
            return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]


@pytest.fixture(scope="module")
def temporary(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def client(temporary, kept):

    patch = pytest.MonkeyPatch()
    patch.setattr("tempfile.tempdir", str(temporary))
    patch.setenv("TMPDIR", str(temporary))
    patch.setenv("PYTHONPATH", str(Path(stand_in.__file__).parent), prepend=":")
    address = open_address(AddressOptions(port=0))
    options = ServiceOptions(
        {}, limits=UploadLimits(max_megabytes=2, max_seconds=20),
        queue=QueueOptions(queue=QUEUE, job_minutes=0.05), worker_module=stand_in.__name__,
        keep=kept,
    )  # fmt: skip
    app = create_app(options)
    server = make_server(app, address)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([address.socket])))
    thread.start()
    found = Client(address.socket.getsockname()[1], app)
    until(lambda: server.started and found.get("/api/health").status_code == 200)
    yield found
    server.should_exit = True
    thread.join()
    patch.undo()


def until(condition, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def state_of_worker(client) -> str:
    return client.get("/api/health").json()["workers"][0]["state"]


def test_a_video_becomes_text_and_leaves_nothing(client, temporary):
    answer = client.post(language=["ita_Latn", "eng_Latn"], system="second")
    assert answer.status_code == 200
    record = answer.json()
    assert record["parts"][0]["texts"]["ita_Latn"][0]["text"] == f"{len(GOOD)} bytes"
    assert record["parts"][0]["system"] == "second" and record["video"]["frames"] == 24
    kinds = [event["event"] for event in client.events(record["id"])]
    assert kinds == ["queued", "stage", "part", "done"]
    assert [e["event"] for e in client.events(record["id"], **{"Last-Event-ID": "2"})] == ["done"]
    text = client.get(f"/api/jobs/{record['id']}/text.srt?language=ita_Latn&system=second")
    assert text.text.startswith("1\n00:00:00,000")
    assert not any(path.is_file() for path in temporary.rglob("*"))


def test_videos_and_answers_are_kept_where_somebody_says_so(client, kept):
    job = client.post().json()["id"]
    assert (kept / f"{job}.video").read_bytes() == GOOD
    until(lambda: (kept / f"{job}.json").is_file())
    assert json.loads((kept / f"{job}.json").read_text())["state"] == "done"
    assert client.get("/api/systems").json()["kept"]


def test_an_answer_can_be_forgotten(client):
    job = client.post().json()["id"]
    assert requests.delete(f"{client.base}/api/jobs/{job}").status_code == 204
    assert client.get(f"/api/jobs/{job}").status_code == 404


def test_files_that_are_no_videos_are_a_sentence(client, temporary):
    for content in (
        TEXTS["html"],
        TEXTS["a playlist of local files"],
        TEXTS["nothing"],
        GOOD[:900],
    ):
        answer = client.post(content)
        assert answer.status_code == 422 and answer.json()["error"].endswith(".")
        assert "passwd" not in answer.text and "/proc" not in answer.text
    assert not any(path.is_file() for path in temporary.rglob("*"))


@pytest.mark.parametrize(
    "fields, status",
    [({"language": "xx"}, 400), ({"system": "third"}, 400), ({"video2": "x"}, 400)],
)
def test_impossible_fields_are_a_sentence(client, fields, status):
    answer = client.post(**fields)
    assert answer.status_code == status and answer.json()["error"].endswith(".")


@pytest.mark.parametrize(
    "body, kind, status",
    [
        (b"{}", "application/json", 415),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x", 400),
        (b"", "multipart/form-data", 400),
        (b"a=1", "application/x-www-form-urlencoded", 400),
        (b"--x\r\n" + 5000 * b'Content-Disposition: form-data; name="a"\r\n\r\n1\r\n--x\r\n',
         "multipart/form-data; boundary=x", 400),
    ],
)  # fmt: skip
def test_what_is_no_form_is_a_sentence(client, body, kind, status):
    answer = requests.post(
        f"{client.base}/api/translate", data=body, headers={"content-type": kind}, timeout=30
    )
    assert answer.status_code == status and answer.json()["error"].endswith(".")


def test_uploads_that_are_too_large_are_refused_declared_or_not(client):
    assert client.post(bytes(3_000_000)).status_code == 413

    def endless():
        yield b'--x\r\nContent-Disposition: form-data; name="video"; filename="v"\r\n\r\n'
        for _ in range(40):
            yield bytes(100_000)

    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = requests.post(f"{client.base}/api/translate", data=endless(), headers=headers)
    assert answer.status_code == 413


@pytest.mark.parametrize("behaviour", [stand_in.CRASH, stand_in.NONSENSE, stand_in.FLOOD])
def test_a_worker_that_ends_costs_its_job_only_and_comes_back(client, behaviour):
    record = client.post(window_s=str(behaviour)).json()
    if behaviour == stand_in.FLOOD:  # a line too long for JSON
        assert record["state"] == "failed"
    assert record["code"] == "worker_ended" and record["error"].endswith(".")
    until(lambda: state_of_worker(client) == "ready", 40)
    assert client.post().status_code == 200


def test_a_killed_worker_comes_back(client):
    import os
    import signal

    os.kill(client.app.state.service.dispatcher.pids["auto"], signal.SIGKILL)
    assert client.post().status_code == 200


def test_a_job_that_takes_too_long_is_ended(client):
    record = client.post(window_s=str(stand_in.HANG)).json()
    assert (record["state"], record["code"]) == ("failed", "time")


def test_a_job_is_cancelled_while_it_waits_and_while_it_is_worked_on(client):
    until(lambda: state_of_worker(client) == "ready", 40)
    working = client.post(wait=False, window_s=str(stand_in.HANG)).json()["id"]
    waiting = client.post(wait=False).json()["id"]
    until(lambda: client.get(f"/api/jobs/{working}").json()["state"] == "working")
    assert client.get(f"/api/jobs/{waiting}").json()["place"] == 1
    requests.delete(f"{client.base}/api/jobs/{waiting}")
    started = time.monotonic()
    requests.delete(f"{client.base}/api/jobs/{working}")
    assert client.events(working)[-1]["event"] == "cancelled"
    assert time.monotonic() - started < 10
    assert client.post().status_code == 200


def test_many_clients_at_once_are_served_in_order_or_told_to_wait(client):
    def ask(_):
        while True:
            answer = client.post(window_s=str(stand_in.SLOW))
            if answer.status_code != 429:
                return answer.status_code
            assert int(answer.headers["retry-after"]) > 0
            refused.append(answer)
            time.sleep(0.3)

    refused = []
    until(lambda: state_of_worker(client) == "ready", 40)
    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(ask, range(12))) == {200}
    assert refused


def test_too_many_events_are_not_kept(client):
    record = client.post(window_s=str(stand_in.CHATTY)).json()
    assert record["state"] == "done" and len(client.events(record["id"])) <= 5001


def test_every_answer_is_private_and_needs_no_cookie(client):
    for path in ("/", "/static/app.js", "/api/systems", "/api/docs", "/nothing", "/api/jobs/x"):
        answer = client.get(path)
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in answer.headers and "server" not in answer.headers
    assert client.get("/nothing").json()["error"].endswith(".")
    assert client.get("/static/../api.py").status_code == 404
    assert client.get("/api/systems", headers={"host": "evil.example"}).status_code == 403


def test_the_interface_describes_itself(client):
    schema = client.get("/api/openapi.json").json()
    assert {"/api/translate", "/api/jobs/{job_id}/events", "/api/health"} <= schema["paths"].keys()
    assert client.get("/api/languages").json()[0]["code"] == "eng_Latn"
