"""Jobs: a bounded queue, first come first served, and what happened to each job.

All of it runs in the server's event loop, so nothing here needs a lock.
"""

import asyncio
import base64
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from sonar_sign.serving.requests import JobRequest
from sonar_sign.serving.uploads import Upload

FINAL = ("done", "failed", "cancelled")
# Answers are in memory: videos that were dubbed, mostly.
MAX_KEPT_BYTES = 256_000_000
MAX_KEPT_JOBS = 500
# Of one job; progress of a long video is one event a part and stage.
MAX_EVENTS = 5000


@dataclass(eq=False)
class Job:
    """One video that is translated."""

    request: JobRequest
    upload: Upload | None
    """The video; None once it was given back."""
    video: dict[str, Any]
    """What the inspector found: seconds, width, height, frames, fps, codec."""
    id: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    """Whoever knows it may see the answer."""
    state: str = "waiting"
    """`waiting`, `working`, `done`, `failed` or `cancelled`."""
    events: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """Media type and content by name."""
    ended_at: float | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    @property
    def n_bytes(self) -> int:
        return sum(len(content) for _, content in self.files.values())

    def add(self, event: str, **values: Any) -> None:
        """Record an event and wake those who follow."""
        if self.is_final or len(self.events) >= MAX_EVENTS and event not in FINAL:
            return
        self.events.append({"event": event, **values})
        if event in FINAL:
            self.state, self.ended_at = event, time.monotonic()
            self.give_back()
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def add_file(self, name: str, kind: str, content: str) -> None:
        """Keep a file that a worker made; `content` is base64."""
        self.files[name] = (kind, base64.b64decode(content))

    def give_back(self) -> None:
        """Delete the upload."""
        if self.upload is not None:
            self.upload.close()
            self.upload = None

    async def follow(self, start: int = 0) -> AsyncIterator[tuple[int, dict[str, Any]]]:
        """Number and content of each event from `start` on, until the job has ended."""
        number = start
        while True:
            changed = self._changed
            while number < len(self.events):
                yield number, self.events[number]
                number += 1
            if self.is_final:
                return
            await changed.wait()

    async def wait(self) -> None:
        """Until the job has ended."""
        async for _ in self.follow(len(self.events)):
            pass


class QueueFullError(Exception):
    """No further job is accepted now."""


class JobQueue:
    """The jobs that wait, those that are worked on, and answers until they are fetched."""

    def __init__(self, size: int, keep_s: float):
        self.size, self._keep_s = size, keep_s
        self._waiting: deque[Job] = deque()
        self._reserved = 0
        self._jobs: dict[str, Job] = {}
        self._added = asyncio.Condition()

    @property
    def n_waiting(self) -> int:
        """Jobs that wait, and uploads that are on their way to the queue."""
        return len(self._waiting) + self._reserved

    def reserve(self) -> "Place":
        """A place in the queue, before an upload is read.

        Raises:
            QueueFullError: there is none.
        """
        if self.n_waiting >= self.size:
            raise QueueFullError
        self._reserved += 1
        return Place(self)

    def release(self) -> None:
        self._reserved -= 1

    async def put(self, job: Job) -> None:
        """Append a job; its place was reserved."""
        self.forget_old()
        self._jobs[job.id] = job
        self._waiting.append(job)
        self._tell_places()
        async with self._added:
            self._added.notify()

    async def take(self) -> Job:
        """The job that waits longest, as soon as there is one."""
        async with self._added:
            while True:
                while self._waiting:
                    job = self._waiting.popleft()
                    if not job.is_final:
                        job.state = "working"
                        self._tell_places()
                        return job
                await self._added.wait()

    def put_back(self, job: Job) -> None:
        """Put a job that was taken at the front again."""
        job.state = "waiting"
        self._waiting.appendleft(job)

    def find(self, job_id: str) -> Job | None:
        self.forget_old()
        return self._jobs.get(job_id)

    def leave(self, job: Job) -> None:
        """Take a job that waits out of the queue."""
        if job in self._waiting:
            self._waiting.remove(job)
            self._tell_places()

    def forget(self, job: Job) -> None:
        self._jobs.pop(job.id, None)

    def forget_old(self) -> None:
        """Forget answers that are old, and the oldest where they are too many."""
        now = time.monotonic()
        ended = [job for job in self._jobs.values() if job.ended_at is not None]
        ended.sort(key=lambda job: job.ended_at)
        n_bytes = sum(job.n_bytes for job in ended)
        for position, job in enumerate(ended):
            too_many = len(ended) - position > MAX_KEPT_JOBS or n_bytes > MAX_KEPT_BYTES
            if too_many or now - job.ended_at > self._keep_s:
                n_bytes -= job.n_bytes
                self.forget(job)

    def all(self) -> list[Job]:
        return list(self._jobs.values())

    def _tell_places(self) -> None:
        for place, job in enumerate(self._waiting, start=1):
            if not job.events or job.events[-1] != {"event": "queued", "place": place}:
                job.add("queued", place=place)


@dataclass(eq=False)
class Place:
    """A reserved place; it is free again when the block ends."""

    queue: JobQueue

    def __enter__(self) -> "Place":
        return self

    def __exit__(self, *error: object) -> None:
        self.queue.release()
