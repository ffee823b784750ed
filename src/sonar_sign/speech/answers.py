"""Lines of a process that may hang, end, or never stop writing."""

import json
import os
import selectors
import time
from typing import IO


class Answers:
    """JSON objects, one a line, read with a deadline and a bound on the length of a line."""

    ENDED = "ended before it answered"

    def __init__(self, stream: IO[bytes], max_line_bytes: int) -> None:
        self._stream = stream
        self._max_line_bytes = max_line_bytes
        self._buffer = b""
        self._selector = selectors.DefaultSelector()
        self._selector.register(stream, selectors.EVENT_READ)

    def next(self, deadline: float) -> dict | str:
        """The next answer, or what is wrong with the process, in words that follow its name.

        Args:
            deadline: in seconds of `time.monotonic()`.
        """
        while b"\n" not in self._buffer:
            if len(self._buffer) > self._max_line_bytes:
                return "flooded its output"
            if not self._selector.select(max(0.0, deadline - time.monotonic())):
                return "took too long and was stopped"
            read = os.read(self._stream.fileno(), 65_536)
            if not read:
                return self.ENDED
            self._buffer += read
        line, _, self._buffer = self._buffer.partition(b"\n")
        try:
            answer = json.loads(line)
        except ValueError:
            return "answered what is not JSON"
        return answer if isinstance(answer, dict) else "answered what is not a JSON object"
