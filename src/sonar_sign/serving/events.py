"""Events of a job as a stream of server-sent events (WHATWG HTML, 9.2)."""

import asyncio
import json
from collections.abc import AsyncIterator

from sonar_sign.serving.jobs import Job

# Proxies end connections on which nothing happens.
HEARTBEAT_S = 15.0


async def stream(job: Job, start: int) -> AsyncIterator[str]:
    """The events from number `start` on, until the job has ended."""
    following = job.follow(start)
    waiting: asyncio.Task | None = None
    try:
        while True:
            waiting = waiting or asyncio.ensure_future(anext(following, None))
            done, _ = await asyncio.wait((waiting,), timeout=HEARTBEAT_S)
            if not done:
                yield ": nothing new\n\n"
                continue
            found, waiting = waiting.result(), None
            if found is None:
                return
            number, event = found
            data = json.dumps(event, ensure_ascii=False)
            yield f"id: {number}\nevent: {event['event']}\ndata: {data}\n\n"
    finally:
        if waiting is not None:
            waiting.cancel()
