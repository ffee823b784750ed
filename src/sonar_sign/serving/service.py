"""What the API does, without HTTP: accepts videos, finds jobs, and ends what it has started."""

import asyncio
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sonar_sign.serving.answers import as_record
from sonar_sign.serving.dispatcher import Dispatcher
from sonar_sign.serving.examples import Examples
from sonar_sign.serving.inspections import Inspections
from sonar_sign.serving.jobs import Job, JobQueue
from sonar_sign.serving.options import QueueOptions, UploadLimits
from sonar_sign.serving.refusals import RefusedVideoError
from sonar_sign.serving.requests import JobRequest
from sonar_sign.serving.uploads import Upload


@dataclass(frozen=True)
class ServiceOptions:
    """What a service is made of."""

    setup: dict[str, Any]
    """What every worker is told: the systems, threads, memory."""
    devices: tuple[str, ...] = ("auto",)
    limits: UploadLimits = UploadLimits()  # noqa: RUF009 (frozen)
    queue: QueueOptions = QueueOptions()  # noqa: RUF009 (frozen)
    keep: Path | None = None
    """Folder in which videos and answers stay; None: nothing stays."""
    results: tuple[Path, ...] = ()
    """Results folders whose drawn test clips are the examples."""
    worker_module: str = "sonar_sign.serving.worker"


class Service:
    """Jobs, workers and inspectors. Made and used in one event loop."""

    def __init__(self, options: ServiceOptions):
        self.options = options
        self.jobs = JobQueue(options.queue.queue, options.queue.keep_minutes * 60)
        self._keeping: set[asyncio.Task] = set()
        self.inspections = Inspections(options.limits)
        self.examples = Examples(options.results)
        self.dispatcher = Dispatcher(
            self.jobs, options.queue, options.setup, options.devices, options.worker_module
        )

    def start(self) -> None:
        self.inspections.prepare()
        self.dispatcher.start()

    async def close(self) -> None:
        await self.dispatcher.close()
        await asyncio.gather(*self._keeping)
        await self.inspections.close()

    async def accept(self, upload: Upload, request: JobRequest) -> Job:
        """Look at a video and put it into the queue; the upload is closed with the job.

        Raises:
            RefusedVideoError: the video is not accepted.
        """
        try:
            video = await self.inspections.inspect(upload.path)
        except BaseException:
            upload.close()
            raise
        job = Job(request, upload, video)
        if self.options.keep is not None:
            self._keep_video(job)
            task = asyncio.create_task(self._keep_answer(job))
            self._keeping.add(task)
            task.add_done_callback(self._keeping.discard)
        await self.jobs.put(job)
        return job

    def cancel(self, job: Job) -> None:
        """End a job and forget its answer."""
        self.dispatcher.cancel(job)
        if job.is_final:
            self.jobs.forget(job)

    def _keep_video(self, job: Job) -> None:
        try:
            job.upload.keep(self.options.keep / f"{job.id}.video")
        except OSError as error:
            job.give_back()
            sentence = f"The video cannot be kept: {error.strerror}."
            raise RefusedVideoError("keep", sentence) from error

    async def _keep_answer(self, job: Job) -> None:
        """Write what became of a job beside its video."""
        await job.wait()
        text = json.dumps(as_record(job), ensure_ascii=False, indent=1)
        try:
            (self.options.keep / f"{job.id}.json").write_text(text, "utf-8")
        except OSError as error:
            print(f"sonar-sign: an answer cannot be kept: {error.strerror}.", file=sys.stderr)

    def health(self) -> dict[str, Any]:
        """Whether jobs can be done now."""
        states = self.dispatcher.states
        ready = any(state in ("ready", "working") for state in states.values())
        return {
            "status": "ready" if ready else "loading",
            "workers": [{"device": device, "state": state} for device, state in states.items()],
            "waiting": self.jobs.n_waiting,
            "queue": self.jobs.size,
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
        }
