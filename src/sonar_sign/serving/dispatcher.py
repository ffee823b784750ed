"""Gives jobs to the worker processes, one per device, and starts those again that have ended."""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Sequence
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.serving.child import Child, ChildEndedError
from sonar_sign.serving.jobs import Job, JobQueue
from sonar_sign.serving.limits import FOLDER_PREFIX
from sonar_sign.serving.options import QueueOptions

MODULE = "sonar_sign.serving.worker"
# A worker that is asked to stop does so between two steps; then it is ended.
CANCEL_S = 3.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
BROKEN = "The process that translates ended unexpectedly while it worked on this video."


class Dispatcher:
    """The worker processes.

    Args:
        setup: what every worker is told, but the device.
        devices: one worker each.
    """

    def __init__(
        self,
        jobs: JobQueue,
        options: QueueOptions,
        setup: dict[str, Any],
        devices: Sequence[str],
        module: str = MODULE,
    ):
        self._jobs, self._options, self._setup, self._module = jobs, options, setup, module
        self._devices = devices
        self._tasks: list[asyncio.Task] = []
        self._cancelling: dict[str, asyncio.Event] = {}
        self.systems: dict[str, dict[str, Any]] = {}
        """By name, what the workers know of the systems that they have loaded."""
        self.speech: dict[str, Any] = {}
        self.states: dict[str, str] = {device: "loading" for device in devices}
        """By device: `loading`, `ready`, `working`, or `restarting`."""
        self.pids: dict[str, int] = {}
        self.refusal: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Why the models cannot be loaded at the first start."""

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._serve(device)) for device in self._devices]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for job in self._jobs.all():
            job.add("failed", code="stopped", sentence="The server was stopped.")

    async def until_ready(self) -> None:
        """Until the first worker is ready.

        Raises:
            UserError: the models cannot be loaded.
        """
        while not self.systems:
            if self.refusal.done():
                raise UserError(self.refusal.result())
            await asyncio.sleep(0.05)

    def cancel(self, job: Job) -> None:
        """End a job, whether it waits or is worked on."""
        if job.state == "waiting":
            self._jobs.leave(job)
            job.add("cancelled")
        elif job.id in self._cancelling:
            self._cancelling[job.id].set()

    async def _serve(self, device: str) -> None:
        """Keep a worker running."""
        pause_s = FIRST_PAUSE_S
        while True:
            was_ready = await self._one_worker(device)
            self.states[device] = "restarting"
            # One that was ready ended because of a job; another may never become ready.
            pause_s = 0.0 if was_ready else min(LONGEST_PAUSE_S, max(FIRST_PAUSE_S, 2 * pause_s))
            await asyncio.sleep(pause_s)

    async def _one_worker(self, device: str) -> bool:
        """Run a worker until it ends; whether it was ready before."""
        # What a job writes, such as speech, is deleted with the worker, however that ends.
        folder = tempfile.mkdtemp(prefix=FOLDER_PREFIX)
        child = await Child.start(self._module, env={"TMPDIR": folder})
        self.pids[device] = child.pid
        was_ready = False
        try:
            await child.send({**self._setup, "device": device})
            await self._started(child)
            was_ready = True
            while True:
                self.states[device] = "ready"
                job = await self._next_job(child)
                self.states[device] = "working"
                await self._work(child, job)
        except ChildEndedError:
            return was_ready
        finally:
            self.pids.pop(device, None)
            await child.end()
            shutil.rmtree(folder, ignore_errors=True)

    async def _started(self, child: Child) -> None:
        message = await child.receive()
        if message.get("event") == "ready":
            self.systems = {one["name"]: one for one in message["systems"]}
            self.speech = message["speech"]
            return
        sentence = message.get("sentence", "")
        if not self.systems and not self.refusal.done():
            self.refusal.set_result(sentence)
        print(f"sonar-sign: the models cannot be loaded: {sentence}", file=sys.stderr)
        raise ChildEndedError

    async def _next_job(self, child: Child) -> Job:
        """The next job; ChildEndedError if the worker ends before there is one."""
        taking = asyncio.create_task(self._jobs.take())
        listening = asyncio.create_task(child.receive())
        try:
            await asyncio.wait((taking, listening), return_when=asyncio.FIRST_COMPLETED)
        finally:
            listening.cancel()
            if not taking.done():
                taking.cancel()
        if listening.done() and not listening.cancelled():
            if taking.done() and not taking.cancelled():
                self._jobs.put_back(taking.result())
            raise ChildEndedError
        return taking.result()

    async def _work(self, child: Child, job: Job) -> None:
        cancelling = self._cancelling[job.id] = asyncio.Event()
        working = asyncio.create_task(self._follow(child, job))
        asked = asyncio.create_task(cancelling.wait())
        try:
            await asyncio.wait(
                (working, asked),
                timeout=self._options.job_minutes * 60,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if asked.done() and not working.done():
                await self._stop(child, job, working)
            elif not working.done():
                job.add("failed", code="time", sentence="The video took more time than a job may.")
                raise ChildEndedError
            await working
        except ChildEndedError:
            # Whoever cancelled is told so, even if the worker had to be killed for it.
            if cancelling.is_set():
                job.add("cancelled")
            job.add("failed", code="worker_ended", sentence=BROKEN)
            raise
        finally:
            working.cancel()
            asked.cancel()
            self._cancelling.pop(job.id, None)

    async def _stop(self, child: Child, job: Job, working: Awaitable[None]) -> None:
        await child.send({"cancel": job.id})
        try:
            await asyncio.wait_for(asyncio.shield(working), CANCEL_S)
        except TimeoutError:
            raise ChildEndedError from None

    async def _follow(self, child: Child, job: Job) -> None:
        """Hand a job over and record what the worker says, until the job has ended."""
        await child.send(
            {
                "id": job.id,
                "path": job.upload.path,
                "video": job.video,
                "request": job.request.as_record(),
            }
        )
        while not job.is_final:
            message = await child.receive()
            if message.pop("id", None) != job.id:
                continue
            event = message.pop("event", "")
            if event == "file":
                job.add_file(message["name"], message["kind"], message["content"])
                job.add("file", name=message["name"], kind=message["kind"])
            else:
                job.add(event, **message)
