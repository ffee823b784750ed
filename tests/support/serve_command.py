"""`sonar-sign serve` as a person starts it, until the block ends."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

READY_S = 180


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    process: subprocess.Popen
    address: str
    """With a slash at its end, without the token."""
    token: str | None
    temporary: Path
    """The folder for temporary files of all its processes."""
    opened_s: float
    """From the start of the command to its address."""
    ready_s: float
    """To loaded models."""

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"} if self.token else {}

    def get(self, path: str):
        """The answer as JSON."""
        return requests.get(self.address + path, headers=self.headers, timeout=60).json()

    def post(self, content: bytes, **fields) -> requests.Response:
        """Translate a video and wait for the answer."""
        return requests.post(
            f"{self.address}api/translate?wait=true", files={"video": ("video", content)},
            data=fields, headers=self.headers, timeout=300,
        )  # fmt: skip


@contextmanager
def serving(
    folder: Path, temporary: Path, *arguments: str, prefix: tuple[str, ...] = ()
) -> Iterator[Server]:
    """Start the command in a folder.

    Args:
        temporary: the folder for temporary files.
    """
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "sonar_sign", "serve", "--port", "0", *arguments],
        cwd=folder, stdout=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )  # fmt: skip
    try:
        line = process.stdout.readline()
        found = re.search(r"(http://\S+?/)(?:#token=(\w+))?\s", line)
        assert found, f"The server said: {line!r}"
        opened_s = time.monotonic() - started
        while requests.get(f"{found[1]}api/health", timeout=10).status_code != 200:
            assert process.poll() is None and time.monotonic() - started < READY_S
            time.sleep(0.1)
        ready_s = time.monotonic() - started
        yield Server(process, found[1], found[2], temporary, opened_s, ready_s)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        process.stdout.close()
