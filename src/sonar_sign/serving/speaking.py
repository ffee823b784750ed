"""Speech of a job's texts, where the package's engines have a voice."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sonar_sign.serving.requests import STYLES, JobRequest
from sonar_sign.translation.request import Watch
from sonar_sign.translation.results import Translation


class Speaker:
    """Speaks; placeholder until speech lands."""

    def facts(self) -> dict[str, Any]:
        return {"languages": [], "styles": list(STYLES)}

    def speak(
        self,
        path: Path,
        translations: Sequence[Translation],
        request: JobRequest,
        report: Callable[..., None],
        watch: Watch,
    ) -> None:
        report("note", code="no_speech", sentence="There is no speech here.")
