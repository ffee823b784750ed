"""A server on this machine that does everything a server can do wrong."""

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest import mock

CONTENT = bytes(range(256)) * 4000  # 1,024,000 bytes
SHA256 = hashlib.sha256(CONTENT).hexdigest()


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
    content_type: str | None = None
    hides_length: bool = False
    """Ends the answer by closing the connection, without having said how long it is."""
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
        if not plan.hides_length:
            self.send_header("Content-Length", str(len(body) + plan.extra_length))
        if etag:
            self.send_header("ETag", etag)
        if plan.content_type:
            self.send_header("Content-Type", plan.content_type)
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


@contextmanager
def serving() -> Iterator[Server]:
    """Serve, without any proxy, until the block ends."""
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.plan = Server(address=f"http://127.0.0.1:{httpd.server_port}/file.bin")
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        with mock.patch.dict(os.environ, NO_PROXY="127.0.0.1"):
            yield httpd.plan
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()
