"""What `serve` is told: where it listens, what it accepts, what its processes may use.

Like other options, these dataclasses become flags. Nothing heavy is imported here.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from sonar_sign.core.bounds import above, between
from sonar_sign.core.settings import INPUT_FILE


@dataclass(frozen=True)
class AddressOptions:
    """Where the server listens, and how it is called from outside."""

    port: Annotated[int, "Port; 0: any that is free.", between(0, 65535)] = 8000
    host: Annotated[
        str, "Address to listen on; any but 127.0.0.1, ::1 and localhost asks for a token."
    ] = "127.0.0.1"
    public_url: Annotated[
        str, "Address behind a reverse proxy, such as https://example.org/sign."
    ] = ""
    token_file: Annotated[
        Path | None, "File with the token that clients send; else one is made up.", INPUT_FILE
    ] = None


@dataclass(frozen=True)
class UploadLimits:
    """What an upload may be; what is larger is refused before it is decoded."""

    max_megabytes: Annotated[float, "Size of an upload, MB.", above(0, 10_000)] = 200.0
    max_seconds: Annotated[float, "Length of a video, seconds.", above(0, 7200)] = 300.0
    max_megapixels: Annotated[float, "Size of its frames, megapixels.", above(0, 64)] = 9.0
    max_frames: Annotated[int, "Frames of a video.", between(2, 1_000_000)] = 20_000

    @property
    def max_bytes(self) -> int:
        return int(self.max_megabytes * 1e6)

    @property
    def max_pixels(self) -> int:
        return int(self.max_megapixels * 1e6)


@dataclass(frozen=True)
class QueueOptions:
    """How much work is accepted, and what a job may use."""

    queue: Annotated[int, "Jobs that may wait; further ones are refused.", between(1, 1000)] = 8
    job_minutes: Annotated[float, "Time of a job, minutes.", above(0, 1440)] = 10.0
    job_gigabytes: Annotated[float, "Memory of a job beside the models, GB.", above(0, 1024)] = 4.0
    keep_minutes: Annotated[
        float, "How long an answer can be fetched, minutes.", above(0, 1440)
    ] = 10.0


def new_token() -> str:
    """A token that nobody guesses."""
    return os.urandom(24).hex()
