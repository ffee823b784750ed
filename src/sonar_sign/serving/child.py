"""A child process that speaks JSON lines with the server, and can be ended at any time."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

# A line holds at most a dubbed video in base64.
MAX_LINE = 256 << 20


class ChildEndedError(Exception):
    """The process has ended, or said something that is no JSON line."""


class Child:
    """One child process, in a session of its own, so that its children end with it."""

    def __init__(self, process: asyncio.subprocess.Process):
        self._process = process

    @classmethod
    async def start(
        cls, module: str, arguments: Sequence[str] = (), env: Mapping[str, str] | None = None
    ) -> "Child":
        """Start `python -m module`.

        Args:
            env: variables beside the server's own.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", module, *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
            limit=MAX_LINE,
            env={**os.environ, **(env or {})},
        )  # fmt: skip
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def send(self, message: Mapping[str, Any]) -> None:
        """Raises ChildEndedError if nobody listens."""
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError) as error:
            raise ChildEndedError from error

    async def receive(self) -> dict[str, Any]:
        """The next message.

        Raises:
            ChildEndedError: there will be none.
        """
        try:
            line = await self._process.stdout.readline()
            message = json.loads(line) if line else None
        except ValueError as error:
            raise ChildEndedError from error
        if not isinstance(message, dict):
            raise ChildEndedError
        return message

    async def end(self) -> int:
        """Kill the process and its children, and wait for it; its exit status."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.stdin.close()
        return await self._process.wait()
