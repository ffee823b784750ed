"""Downloads against a server on this machine that does everything a server can do wrong."""

import bz2
import hashlib
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.models.fetch import FetchOptions, fetch_model, registry

CONTENT = bytes(range(256)) * 4000  # 1,024,000 bytes
SHA256 = hashlib.sha256(CONTENT).hexdigest()
QUICK = FetchOptions(attempts=3, progress_bytes=50_000, backoff_s=0.01, stall_s=0.3)


@dataclass
class Server:
    """What the server does; a list holds one value for each request, the last for all others."""

    content: bytes = CONTENT
    cut_after: list[int | None] = field(default_factory=lambda: [None])
    """Bytes after which the connection is closed."""
    stall_after: list[int | None] = field(default_factory=lambda: [None])
    """Bytes after which nothing more is sent for a second."""
    status: list[int] = field(default_factory=lambda: [200])
    etag: list[str | None] = field(default_factory=lambda: ['"one"'])
    extra_length: int = 0
    """By how much Content-Length is wrong."""
    ignores_range: bool = False
    wrong_part: bool = False
    """Answers a request for a part with another part."""
    requests: list[dict[str, str]] = field(default_factory=list)
    address: str = ""

    def now(self, values):
        return values[min(len(self.requests) - 1, len(values) - 1)]

    def ranges(self):
        return [request.get("Range") for request in self.requests]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):  # noqa: N802 (the library's name)
        plan = self.server.plan
        plan.requests.append(dict(self.headers))
        self.close_connection = True
        status = plan.now(plan.status)
        if status != 200:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        etag, start = plan.now(plan.etag), 0
        wanted = self.headers.get("Range")
        same = self.headers.get("If-Range") in (None, etag)
        if wanted and same and not plan.ignores_range:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
        if start and start >= len(plan.content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(plan.content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if start and plan.wrong_part:
            start -= 10
        body = plan.content[start:]
        self.send_response(206 if start else 200)
        if start:
            end = len(plan.content) - 1
            self.send_header("Content-Range", f"bytes {start}-{end}/{len(plan.content)}")
        self.send_header("Content-Length", str(len(body) + plan.extra_length))
        if etag:
            self.send_header("ETag", etag)
        self.end_headers()
        stall, cut = plan.now(plan.stall_after), plan.now(plan.cut_after)
        if stall is not None:
            self.wfile.write(body[:stall])
            self.wfile.flush()
            time.sleep(1)
            return
        self.wfile.write(body[:cut])

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.plan = Server(address=f"http://127.0.0.1:{httpd.server_port}/file.bin")
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield httpd.plan
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.fixture
def destination(tmp_path):
    return tmp_path / "models" / "model.pth"


def fetch(server, destination, sha256=SHA256, name="sign_hiera"):
    fetch_model(name, destination, server.address, sha256=sha256, options=QUICK)


def assert_only(destination, content=CONTENT):
    """The file is there, and nothing that a download leaves on its way."""
    assert destination.read_bytes() == content
    assert list(destination.parent.iterdir()) == [destination]


def test_a_good_server(server, destination):
    fetch(server, destination)
    assert_only(destination)
    assert len(server.requests) == 1


def test_cuts_are_resumed(server, destination):
    server.cut_after = [300_000, 0, 200_000, 1, None]
    fetch(server, destination)
    assert_only(destination)
    ranges = server.ranges()
    assert ranges[0] is None
    assert ranges[1] == ranges[2] == "bytes=300000-"
    assert ranges[3:] == ["bytes=500000-", "bytes=500001-"]


def test_a_later_run_resumes(server, destination):
    server.cut_after = [300_000, 0]
    with pytest.raises(UserError, match="received 300000 of 1024000 bytes|interrupted"):
        fetch(server, destination)
    assert not destination.exists()
    server.requests.clear()
    server.cut_after = [None]
    fetch(server, destination)
    assert server.ranges() == ["bytes=300000-"]
    assert_only(destination)


def test_a_run_stopped_after_the_last_byte(server, destination):
    server.cut_after = [300_000, 0]
    with pytest.raises(UserError):
        fetch(server, destination)
    (destination.parent / ".model.pth.partial").write_bytes(CONTENT)
    server.cut_after = [None]
    fetch(server, destination)
    assert_only(destination)


def test_a_file_that_changed_meanwhile_starts_again(server, destination):
    old = b"x" * len(CONTENT)
    server.content, server.cut_after = old, [300_000, 0]
    with pytest.raises(UserError):
        fetch(server, destination, sha256=None, name="sonar_tokenizer")
    server.content, server.cut_after, server.etag = CONTENT, [None], ['"two"']
    fetch(server, destination, sha256=None, name="sonar_tokenizer")
    assert_only(destination)


def test_without_a_version_and_a_hash_nothing_is_joined(server, destination):
    server.etag, server.cut_after = [None], [300_000, None]
    fetch(server, destination, sha256=None, name="sonar_tokenizer")
    assert server.ranges() == [None, None]
    assert_only(destination)


def test_silence_counts_as_a_cut(server, destination):
    server.stall_after = [131_072, None]
    started = time.monotonic()
    fetch(server, destination)
    assert time.monotonic() - started < 5
    assert_only(destination)
    assert server.ranges()[1] is not None


@pytest.mark.parametrize("trickle", [0, 100])
def test_an_endless_silence_is_given_up(server, destination, trickle):
    server.stall_after = [trickle]
    with pytest.raises(UserError, match="no answer in time"):
        fetch(server, destination)
    assert len(server.requests) == 3


@pytest.mark.parametrize("extra", [5, 1_000_000])
def test_more_bytes_promised_than_sent(server, destination, extra):
    server.extra_length = extra
    server.ignores_range = True
    with pytest.raises(UserError, match="cannot be downloaded"):
        fetch(server, destination)
    assert not destination.exists()


def test_fewer_bytes_promised_than_there_are(server, destination):
    server.extra_length = -1000
    with pytest.raises(UserError, match="SHA-256"):
        fetch(server, destination)
    assert not destination.exists()


def test_a_server_that_ignores_ranges(server, destination):
    server.ignores_range, server.cut_after = True, [300_000, 200_000, None]
    fetch(server, destination)
    assert_only(destination)


def test_a_server_that_ignores_ranges_and_always_cuts_is_given_up(server, destination):
    server.ignores_range, server.cut_after = True, [300_000]
    with pytest.raises(UserError, match="cannot be downloaded"):
        fetch(server, destination)
    assert len(server.requests) == 3


def test_a_server_that_sends_another_part(server, destination):
    server.wrong_part, server.cut_after = True, [300_000, None]
    fetch(server, destination)
    assert_only(destination)


def test_wrong_bytes_are_kept_aside_and_never_used(server, destination):
    server.content = CONTENT[:-1] + b"?"
    with pytest.raises(UserError) as caught:
        fetch(server, destination)
    aside = destination.with_name("model.pth.wrong-sha256")
    assert str(aside) in str(caught.value)
    assert SHA256 in str(caught.value)
    assert hashlib.sha256(server.content).hexdigest() in str(caught.value)
    assert_only(aside, server.content)


def test_the_registrys_hash_is_checked_and_called_unverified(server, destination):
    with pytest.raises(UserError, match="df84d487.*could not verify"):
        fetch(server, destination, sha256=None)
    assert not destination.exists()


def test_busy_servers_are_asked_again(server, destination):
    server.status = [503, 429, 200]
    fetch(server, destination)
    assert_only(destination)


@pytest.mark.parametrize("status", [404, 403])
def test_a_refusal_is_final(server, destination, status):
    server.status = [status]
    with pytest.raises(UserError, match=f"{status}.*mirror"):
        fetch(server, destination)
    assert len(server.requests) == 1


def test_without_network_the_error_says_which_file_goes_where(server, destination):
    with pytest.raises(UserError) as caught:
        fetch_model(
            "sign_encoder", destination, "http://127.0.0.1:9/x", sha256=SHA256, options=QUICK
        )
    message = str(caught.value)
    assert registry()["sign_encoder"].address in message
    assert str(destination) in message


def test_a_file_that_is_there_is_only_checked(server, destination):
    destination.parent.mkdir()
    destination.write_bytes(CONTENT)
    fetch(server, destination)
    assert server.requests == []
    destination.write_bytes(b"other")
    with pytest.raises(UserError, match="wrong-sha256"):
        fetch(server, destination)
    assert not destination.exists()


def test_a_local_file(tmp_path, destination):
    local = tmp_path / "mine.pth"
    local.write_bytes(CONTENT)
    fetch_model("sign_hiera", destination, local, sha256=SHA256)
    assert_only(destination)
    assert local.read_bytes() == CONTENT


def test_a_wrong_local_file_stays_where_it_is(tmp_path, destination):
    local = tmp_path / "mine.pth"
    local.write_bytes(b"other")
    with pytest.raises(UserError, match="mine.pth is not sign_hiera"):
        fetch_model("sign_hiera", destination, local)
    assert local.read_bytes() == b"other"
    assert list(destination.parent.iterdir()) == []


@pytest.mark.parametrize("packed", [True, False])
def test_a_local_packed_file(tmp_path, destination, packed):
    local = tmp_path / "detector"
    local.write_bytes(bz2.compress(CONTENT) if packed else CONTENT)
    fetch_model("face_detector", destination, local)
    assert_only(destination)


def test_a_packed_download(server, destination):
    server.content = bz2.compress(CONTENT)
    fetch(server, destination, sha256=None, name="face_detector")
    assert_only(destination)


def test_a_damaged_packed_download(server, destination):
    server.content = bz2.compress(CONTENT)[:-20]
    with pytest.raises(UserError, match="bz2"):
        fetch(server, destination, sha256=None, name="face_detector")
    assert not destination.exists()


@pytest.mark.parametrize("source", ["nowhere.pth", "ftp://example.org/x", "file:///etc/passwd"])
def test_bad_sources(destination, source):
    with pytest.raises(UserError, match=source):
        fetch_model("sign_hiera", destination, source)


def test_an_unknown_name_is_answered_with_the_nearest(destination):
    with pytest.raises(UserError, match="did you mean sign_hiera"):
        fetch_model("sign_heira", destination)


def test_two_downloads_of_one_file_at_a_time(server, destination):
    server.stall_after = [100]
    first = threading.Thread(target=lambda: pytest.raises(UserError, fetch, server, destination))
    first.start()
    while not server.requests:
        time.sleep(0.01)
    with pytest.raises(UserError, match="Another process"):
        fetch(server, destination)
    first.join()


def test_the_registry():
    files = registry()
    assert files["sign_hiera"].sha256.startswith("df84d487")
    assert files["sign_encoder"].sha256.startswith("c0423639")
    assert not any(entry.verified for entry in files.values())
    for entry in files.values():
        assert entry.address.startswith("https://")
        assert entry.sha256 is None or len(entry.sha256) == 64
    names = {entry.file for entry in files.values()}
    assert {"sonar_text_encoder.pt", "sonar_text_decoder.pt"} <= names
    assert {"sentencepiece.source.256000.model", "mmod_human_face_detector.dat"} <= names
