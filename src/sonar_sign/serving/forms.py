"""Reads the form of an upload: never more of it than is allowed, and straight to a file."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from sonar_sign.serving.options import UploadLimits
from sonar_sign.serving.uploads import Upload

# Besides the file, a form has a few short fields.
MAX_FIELDS, MAX_FIELD_BYTES, FORM_BYTES = 40, 4096, 256_000
UPLOAD_S = 300.0
# A client that is refused is heard out for so long, because most of them read the answer only then.
DRAIN_S = 5.0


class FormError(Exception):
    """A form that is refused, with the answer's status; `code` is what the page translates."""

    def __init__(self, status: int, code: str, sentence: str):
        super().__init__(sentence)
        self.status, self.code = status, code


async def read_form(
    request: Request, limits: UploadLimits
) -> tuple[dict[str, list[str]], Upload | None]:
    """The fields of a form, and its file.

    Raises:
        FormError: it is too large, too slow, or no form.
        ClientDisconnect: the client has gone.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("multipart/form-data", "application/x-www-form-urlencoded"):
        raise FormError(
            415, "no_form", "Send the video as multipart/form-data, in the field 'video'."
        )
    most = limits.max_bytes + FORM_BYTES
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise _too_large(limits)
    counted = Request(request.scope, _counted(request.receive, most, limits))
    try:
        form = await asyncio.wait_for(
            counted.form(max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES),
            UPLOAD_S,
        )
    except HTTPException as error:
        raise FormError(400, "no_form", f"The form cannot be read: {error.detail}") from error
    except TimeoutError as error:
        raise FormError(408, "too_slow", f"The upload took more than {UPLOAD_S:g} s.") from error
    except (AssertionError, ValueError, KeyError) as error:
        raise FormError(400, "no_form", "The form cannot be read.") from error
    return await _split(form, limits)


async def _split(form: Any, limits: UploadLimits) -> tuple[dict[str, list[str]], Upload | None]:
    fields: dict[str, list[str]] = {}
    upload = None
    try:
        for name, value in form.multi_items():
            if not isinstance(value, UploadFile):
                fields.setdefault(name, []).append(value)
                continue
            if name != "video":
                raise FormError(400, "no_form", f"Send the video in 'video', not {name[:40]!r}.")
            if value.size is not None and value.size > limits.max_bytes:
                raise _too_large(limits)
            # The spooled file is on disk from here on, without a name; the copy outlives the form.
            number = value.file.fileno()
            value.file.flush()
            upload = Upload(os.fdopen(os.dup(number), "rb"), value.size or 0)
    finally:
        await form.close()
    return fields, upload


def _too_large(limits: UploadLimits) -> FormError:
    return FormError(413, "too_large", f"The upload is larger than {limits.max_megabytes:g} MB.")


def _counted(
    receive: Callable[[], Awaitable[Any]], most: int, limits: UploadLimits
) -> Callable[[], Awaitable[Any]]:
    """A `receive` that ends a body of more than `most` bytes."""
    n_bytes = 0

    async def counted() -> Any:
        nonlocal n_bytes
        message = await receive()
        n_bytes += len(message.get("body", b""))
        if n_bytes > most:
            raise _too_large(limits)
        return message

    return counted


async def drain(request: Request, most: int) -> None:
    """Read what is left of a body, as far as a refused client is worth it."""
    with suppress(TimeoutError, ClientDisconnect, RuntimeError):
        async with asyncio.timeout(DRAIN_S):
            n_bytes = 0
            while n_bytes < most:
                message = await request.receive()
                n_bytes += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body"):
                    return
