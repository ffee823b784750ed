"""The queue: bounded, first come first served; jobs and those who follow them."""

import asyncio

import pytest

from sonar_sign.serving.jobs import Job, JobQueue, QueueFullError
from sonar_sign.serving.requests import JobRequest
from sonar_sign.serving.uploads import Upload

REQUEST = JobRequest(("eng_Latn",), ("finetuned",))


def new_job() -> Job:
    return Job(REQUEST, Upload.of(b"video"), {"seconds": 1.0})


def places(job: Job) -> list[int]:
    return [event["place"] for event in job.events if event["event"] == "queued"]


def test_jobs_are_taken_in_the_order_in_which_they_came():
    async def run():
        queue = JobQueue(10, keep_s=60)
        jobs = [new_job() for _ in range(4)]
        for job in jobs:
            await queue.put(job)
        assert [await queue.take() for _ in jobs] == jobs
        return [places(job) for job in jobs]

    assert asyncio.run(run()) == [[1], [2, 1], [3, 2, 1], [4, 3, 2, 1]]


def test_places_are_bounded_and_given_back():
    async def run():
        queue = JobQueue(2, keep_s=60)
        with queue.reserve():
            await queue.put(new_job())
        with queue.reserve(), pytest.raises(QueueFullError):
            queue.reserve()
        with pytest.raises(RuntimeError), queue.reserve():
            raise RuntimeError
        assert queue.n_waiting == 1

    asyncio.run(run())


def test_a_worker_that_waits_gets_a_job_that_comes_and_a_job_put_back_is_first_again():
    async def run():
        queue = JobQueue(5, keep_s=60)
        taking = asyncio.create_task(queue.take())
        await asyncio.sleep(0)
        first, second = new_job(), new_job()
        await queue.put(first)
        assert await taking is first and first.state == "working"
        await queue.put(second)
        queue.put_back(first)
        assert await queue.take() is first

    asyncio.run(run())


def test_a_job_that_ends_gives_its_upload_back_and_hears_nothing_more():
    async def run():
        job = new_job()
        file = job.upload.file
        following = asyncio.create_task(collect(job))
        await asyncio.sleep(0)
        job.add("stage", stage="face")
        job.add("done")
        job.add("failed", code="time", sentence="Too late.")
        assert file.closed and job.state == "done"
        return await following, await collect(job, 1)

    all_events, later = asyncio.run(run())
    assert all_events == [(0, "stage"), (1, "done")] and later == [(1, "done")]


async def collect(job: Job, start: int = 0) -> list[tuple[int, str]]:
    return [(number, event["event"]) async for number, event in job.follow(start)]


def test_answers_are_forgotten_when_they_are_old_or_too_many(monkeypatch):
    async def run():
        queue = JobQueue(1000, keep_s=60)
        for _ in range(6):
            job = new_job()
            await queue.put(job)
            await queue.take()
            job.files["speech.wav"] = ("audio/wav", b"x" * 100)
            job.add("done")
        monkeypatch.setattr("sonar_sign.serving.jobs.MAX_KEPT_BYTES", 250)
        queue.forget_old()
        assert len(queue.all()) == 2
        newest = queue.all()[-1]
        newest.ended_at -= 61
        assert queue.find(newest.id) is None

    asyncio.run(run())


def test_an_upload_has_no_name_and_ends_with_its_file(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    upload = Upload.of(b"video")
    assert list(tmp_path.iterdir()) == []
    with open(upload.path, "rb") as file:
        assert file.read() == b"video"
    path = upload.path
    upload.close()
    with pytest.raises(OSError), open(path, "rb"):
        pass
