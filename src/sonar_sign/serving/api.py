"""The HTTP interface: what `docs/serve.md` describes, and the page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi import Path as InPath
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from starlette.requests import ClientDisconnect
from starlette.staticfiles import StaticFiles

from sonar_sign import __version__
from sonar_sign.core.errors import UserError
from sonar_sign.serving.answers import WRITTEN, as_record, as_text
from sonar_sign.serving.events import stream
from sonar_sign.serving.forms import FormError, drain, read_form
from sonar_sign.serving.jobs import Job, QueueFullError
from sonar_sign.serving.language_names import language_records
from sonar_sign.serving.refusals import RefusedVideoError
from sonar_sign.serving.requests import read_request
from sonar_sign.serving.service import Service, ServiceOptions
from sonar_sign.serving.uploads import Upload

STATIC = Path(__file__).parent / "static"
JobId = Annotated[str, InPath(description="As POST /api/translate gave it.", max_length=64)]
RETRY_S = 2
FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "video": {"type": "string", "format": "binary"},
                        "example": {"type": "string", "description": "Instead of a video."},
                        "language": {"type": "array", "items": {"type": "string"}},
                        "system": {"type": "array", "items": {"type": "string"}},
                        "n_best": {"type": "integer", "minimum": 1, "maximum": 10},
                        "window_s": {"type": "string", "description": "Seconds, 0 or auto."},
                        "start_s": {"type": "number", "description": "Where the part begins."},
                        "end_s": {"type": "number", "description": "Where the part ends."},
                        "speak": {"type": "boolean"},
                        "style": {"type": "string"},
                        "intensity": {"type": "number", "minimum": 0, "maximum": 1},
                        "dub": {"type": "boolean"},
                        "crop": {"type": "boolean"},
                    },
                }
            }
        },
    }
}
REFUSALS = {
    400: {"description": "A field has an impossible value."},
    408: {"description": "The upload was too slow."},
    413: {"description": "The upload is too large."},
    415: {"description": "The request is no form."},
    422: {"description": "The video cannot be translated: too long, too large, or no video."},
    429: {"description": "The queue is full; try again after the seconds of Retry-After."},
    503: {"description": "The models are not loaded yet."},
}
NOT_FOUND = {404: {"description": "There is no such job, or its answer has been forgotten."}}


class ApiError(Exception):
    """An answer that is an error: a sentence, and a code that the page translates."""

    def __init__(self, status: int, code: str, sentence: str, retry_s: int | None = None):
        super().__init__(sentence)
        self.status, self.code, self.retry_s = status, code, retry_s


def create_app(options: ServiceOptions, root_path: str = "") -> FastAPI:
    """The application; `app.state.service` is there once it runs."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service = app.state.service = Service(options)
        service.start()
        yield
        await service.close()

    app = FastAPI(
        title="sonar-sign",
        version=__version__,
        description="Translates videos of American Sign Language on this machine.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        servers=[{"url": root_path or "/"}],
        lifespan=lifespan,
    )
    _add_errors(app)
    _add_translate(app)
    _add_jobs(app)
    _add_facts(app)
    _add_examples(app)
    _add_pages(app)
    return app


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(ApiError)
    async def refused(request: Request, error: ApiError) -> Response:
        headers = {"retry-after": str(error.retry_s)} if error.retry_s else None
        record = {"error": str(error), "code": error.code}
        return JSONResponse(record, error.status, headers)

    @app.exception_handler(ClientDisconnect)
    async def gone(request: Request, error: ClientDisconnect) -> Response:
        return Response(status_code=499)  # nobody reads it

    @app.exception_handler(Exception)
    async def fault(request: Request, error: Exception) -> Response:
        record = {"error": f"The server made a mistake ({type(error).__name__}).", "code": "fault"}
        return JSONResponse(record, 500)

    @app.exception_handler(404)
    async def missing(request: Request, error: Exception) -> Response:
        return JSONResponse({"error": "There is nothing here.", "code": "not_found"}, 404)

    @app.exception_handler(405)
    async def impossible(request: Request, error: Exception) -> Response:
        return JSONResponse({"error": "This is not possible here.", "code": "method"}, 405)


def _add_translate(app: FastAPI) -> None:
    @app.post(
        "/api/translate", status_code=202, openapi_extra=FORM, responses=REFUSALS, tags=["jobs"]
    )
    async def translate(
        request: Request,
        wait: Annotated[bool, Query(description="Answer when the job is done.")] = False,
    ) -> Response:
        """Translate a video: the form's file `video`, or one of the examples."""
        service: Service = app.state.service
        most = service.options.limits.max_bytes
        try:
            with service.jobs.reserve():
                job = await _accept(service, request)
        except QueueFullError:
            await drain(request, most)
            raise ApiError(
                429, "queue_full", "The queue is full; try again in a moment.", RETRY_S
            ) from None
        except FormError as error:
            await drain(request, most)
            raise ApiError(error.status, error.code, str(error)) from error
        if not wait:
            return JSONResponse({"id": job.id, "video": job.video}, 202)
        await job.wait()
        return JSONResponse(as_record(job), 200 if job.state == "done" else 422)


async def _accept(service: Service, request: Request) -> Job:
    fields, upload = await read_form(request, service.options.limits)
    try:
        if not service.dispatcher.systems:
            raise ApiError(503, "loading", "The models are not loaded yet.", RETRY_S)
        try:
            asked = read_request(fields, service.dispatcher.systems)
        except UserError as error:
            raise ApiError(400, "field", str(error)) from error
        upload = await _of_example(service, fields, upload)
        try:
            return await service.accept(upload, asked)
        except RefusedVideoError as refusal:
            raise ApiError(422, refusal.code, str(refusal)) from refusal
    except BaseException:
        if upload is not None:
            upload.close()
        raise


async def _of_example(
    service: Service, fields: dict[str, list[str]], upload: Upload | None
) -> Upload:
    example = fields.get("example", [])
    if (upload is None) == (not example):
        raise ApiError(400, "field", "Give either a file in 'video', or an example.")
    if upload is not None:
        return upload
    content = await service.examples.video(example[0])
    if content is None:
        raise ApiError(404, "not_found", "There is no such example.")
    return Upload.of(content)


def _add_jobs(app: FastAPI) -> None:
    def found(job_id: str) -> Job:
        job = app.state.service.jobs.find(job_id)
        if job is None:
            raise ApiError(404, "not_found", "There is no such job, or it has been forgotten.")
        return job

    @app.get("/api/jobs/{job_id}", responses=NOT_FOUND, tags=["jobs"])
    async def job(job_id: JobId) -> dict[str, Any]:
        """State and texts of a job."""
        return as_record(found(job_id))

    @app.get("/api/jobs/{job_id}/events", responses=NOT_FOUND, tags=["jobs"])
    async def events(job_id: JobId, request: Request) -> Response:
        """What happens to a job, as server-sent events, from the first."""
        last = request.headers.get("last-event-id", "")
        start = int(last) + 1 if last.isdecimal() and len(last) < 9 else 0
        return StreamingResponse(
            stream(found(job_id), start),
            media_type="text/event-stream",
            headers={"x-accel-buffering": "no"},
        )

    @app.delete("/api/jobs/{job_id}", status_code=204, responses=NOT_FOUND, tags=["jobs"])
    async def cancel(job_id: JobId) -> Response:
        """Cancel a job, or forget its answer."""
        app.state.service.cancel(found(job_id))
        return Response(status_code=204)

    @app.get("/api/jobs/{job_id}/text.{kind}", responses=NOT_FOUND, tags=["jobs"])
    async def text(
        job_id: JobId,
        kind: Annotated[str, InPath(description=f"{', '.join(WRITTEN)}.")],
        language: str | None = None,
        system: str | None = None,
    ) -> Response:
        """The texts as a file: plain text or subtitles."""
        written = as_text(found(job_id), kind, language, system)
        if written is None:
            raise ApiError(404, "not_found", "There is no such text.")
        headers = {"content-disposition": f'attachment; filename="translation.{kind}"'}
        return Response(written, media_type=WRITTEN[kind], headers=headers)

    @app.get("/api/jobs/{job_id}/files/{name}", responses=NOT_FOUND, tags=["jobs"])
    async def file(job_id: JobId, name: str) -> Response:
        """A file of the answer: the crop, speech, the dubbed video."""
        kind, content = found(job_id).files.get(name, ("", b""))
        if not kind:
            raise ApiError(404, "not_found", "There is no such file.")
        return Response(content, media_type=kind)


def _add_facts(app: FastAPI) -> None:
    @app.get("/api/health", tags=["server"])
    async def health() -> Response:
        """Whether jobs can be done now; 503 while models are loaded."""
        record = app.state.service.health()
        return JSONResponse(record, 200 if record["status"] == "ready" else 503)

    @app.get("/api/systems", tags=["server"])
    async def systems() -> dict[str, Any]:
        """The systems, what they were trained on and how good they are; limits; voices."""
        service: Service = app.state.service
        limits = service.options.limits
        return {
            "systems": list(service.dispatcher.systems.values()),
            "speech": service.dispatcher.speech,
            "limits": {
                "bytes": limits.max_bytes,
                "seconds": limits.max_seconds,
                "pixels": limits.max_pixels,
                "frames": limits.max_frames,
            },
            "kept": service.options.keep is not None,
        }

    @app.get("/api/languages", tags=["server"])
    async def languages() -> list[dict[str, Any]]:
        """The languages: code, name in English and in itself, and which systems know it."""
        return language_records(app.state.service.dispatcher.systems)


def _add_examples(app: FastAPI) -> None:
    def found(content: bytes | None, kind: str) -> Response:
        if content is None:
            raise ApiError(404, "not_found", "There is no such example.")
        return Response(content, media_type=kind)

    @app.get("/api/examples", tags=["server"])
    async def examples() -> list[dict[str, object]]:
        """Clips to try; their English captions."""
        return app.state.service.examples.list()

    @app.get("/api/examples/{example_id}.mp4", responses=NOT_FOUND, tags=["server"])
    async def example(example_id: str) -> Response:
        """The video of an example."""
        return found(await app.state.service.examples.video(example_id), "video/mp4")

    @app.get("/api/examples/{example_id}.jpg", responses=NOT_FOUND, tags=["server"])
    async def picture(example_id: str) -> Response:
        """A frame of an example."""
        return found(await app.state.service.examples.picture(example_id), "image/jpeg")


def _add_pages(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return FileResponse(STATIC / "index.html")

    @app.get("/api/docs", include_in_schema=False)
    async def docs() -> Response:
        return FileResponse(STATIC / "api.html")

    app.mount("/static", StaticFiles(directory=STATIC), name="static")
