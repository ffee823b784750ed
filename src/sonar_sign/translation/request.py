"""What is asked of a translator, and how its work is followed. Imports no models."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from sonar_sign.core.options import TranslateOptions

Span = tuple[float, float]
"""Start and end of a part of a video, seconds."""


class CancelledError(Exception):
    """Whoever asked for a translation does not want it any more."""


@dataclass(frozen=True)
class Watch:
    """Follows a translation while it is made, and may end it."""

    on_stage: Callable[[str, int, int], None] | None = None
    """Called before each stage (`face`, `decode_and_crop`, `landmarks`, `sign_hiera`,
    `sign_encoder`, `decoding`) with its name, the number of the part, from 0, and about how many
    parts there are."""
    cancel: Event | None = None
    """Set by another thread to end the translation before its next stage."""

    def stage(self, name: str, part: int, n_parts: int) -> None:
        """Raises CancelledError where the translation is not wanted any more."""
        if self.cancel is not None and self.cancel.is_set():
            raise CancelledError
        if self.on_stage is not None:
            self.on_stage(name, part, n_parts)


@dataclass(frozen=True)
class Request:
    """What is asked of a video."""

    languages: Sequence[str] | None = None
    """FLORES codes; None: the language of the captions that the system was trained on."""
    options: TranslateOptions = field(default_factory=TranslateOptions)
    keypoints: Path | None = None
    """For a system that reads landmarks: keypoint files, see `landmarks.video_keypoints`; None:
    MediaPipe finds them."""
    spans: Sequence[Span] | None = None
    """The sentences of the video, where they are known; None: the whole video, or windows."""
