"""A function in a process of its own: what native code does to damaged files ends no test run.

The process is forked once and answers one call after the other; where it dies, hangs, or takes more
memory than any file of some kilobytes is worth, the call fails and the next one has a new process.
"""

import multiprocessing
import resource
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

LIMIT_S = 120.0
"""What is fuzzed here takes milliseconds; a busy machine makes that much longer."""
MEMORY = 3 << 30
"""Bytes that one process may have beyond what it had when it was forked."""


class Worker:
    """Calls a function elsewhere.

    Args:
        function: raises one of `refusals` for what it does not take; its result must be picklable.
        refusals: exceptions that are an answer; their texts are checked by the caller.
    """

    def __init__(self, function: Callable[..., Any], refusals: tuple[type[Exception], ...]):
        self._function, self._refusals = function, refusals
        self._process = self._pipe = None

    def __call__(self, *arguments: Any) -> tuple[Any, str | None]:
        """What the function returns, and None; or None, and what it was refused with.

        Raises:
            AssertionError: it raised anything else, died, or did not answer in time.
        """
        if self._process is None:
            self._start()
        self._pipe.send(arguments)
        try:
            assert self._pipe.poll(LIMIT_S), f"no answer within {LIMIT_S} s"
            kind, answer = self._pipe.recv()
        except (AssertionError, EOFError, ConnectionError) as error:
            self.close()
            raise AssertionError(f"the process died or hung: {error!r}") from error
        assert kind != "fault", answer
        return (None, answer) if kind == "refused" else (answer, None)

    def _start(self) -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=self._serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def _serve(self, pipe: Any) -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        while True:
            try:
                arguments = pipe.recv()
            except EOFError:
                return
            try:
                answer = ("ok", self._function(*arguments))
            except self._refusals as error:
                answer = ("refused", str(error))
            except BaseException:
                answer = ("fault", traceback.format_exc())
            pipe.send(answer)

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
            self._process = None
