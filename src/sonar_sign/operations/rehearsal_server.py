"""A server on this machine that hands out a folder's files in parts, and once breaks off each."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder until the block ends; gives the address without a last slash.

    The first answer for each file ends in its middle, so that downloads have to resume.
    """
    server = _Server(("127.0.0.1", 0), _Handler)
    server.folder, server.broken_off = folder, set()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    folder: Path
    broken_off: set[str]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # noqa: N802 (the library's name)
        server: _Server = self.server  # type: ignore[assignment]
        name = unquote(self.path.rsplit("/", 1)[-1])
        self.close_connection = True
        if name not in {path.name for path in server.folder.iterdir()}:
            self.send_error(404)
            return
        with (server.folder / name).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            wanted = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0]
            start = int(wanted) if wanted.isdigit() and int(wanted) < size else 0
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            self.send_header("Content-Length", str(size - start))
            self.send_header("ETag", f'"{size}"')
            self.end_headers()
            end = size
            if name not in server.broken_off:
                server.broken_off.add(name)
                end = size // 2
            # The other side may have seen enough.
            with suppress(ConnectionError):
                while start < end:
                    start += os.sendfile(
                        self.connection.fileno(), file.fileno(), start, end - start
                    )

    def log_message(self, *_: object) -> None:
        """Say nothing: what is downloaded stands in the log of the download."""
