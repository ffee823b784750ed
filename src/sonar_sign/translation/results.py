"""What `translate` and a `Translator` give: translations of parts of videos. Imports no models."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sonar_sign.models.hypothesis import Hypothesis


@dataclass(frozen=True, eq=False)
class Translation:
    """What one system makes of a video, or of a part of it, in one or several languages."""

    video: Path
    system: str
    """The system's name."""
    start_s: float
    """Start of the part in the video, seconds."""
    end_s: float
    hypotheses: dict[str, list[Hypothesis]]
    """By language, best first; empty lists where nothing is signed."""
    box: tuple[int, int, int, int] | None = None
    """The square around the signer, `x0, y0, x1, y1` in pixels, which may leave the frame; None
    for a system that reads landmarks only."""
    box_from: str | None = None
    """`video` or `clip`: around a face found in the video, or in this part; `fallback`: no face was
    found and the middle of the frame is used; `whole`: the whole frame was asked for."""
    embedding: np.ndarray | None = None
    """`(embedding_dim,)` float32, SONAR's; None for a system without one, and where nothing is
    signed."""
    timings_ms: dict[str, float] = field(default_factory=dict)
    """By stage; the search for the face counts for the first part of a video."""
    signed: bool = True
    """Whether anything moves; a black or motionless part is not translated."""
    note: str = ""
    """Why there is no text, one clause; empty where there is."""

    @property
    def texts(self) -> dict[str, str]:
        """The best text by language; empty where nothing is signed."""
        return {code: found[0].text if found else "" for code, found in self.hypotheses.items()}

    @property
    def scores(self) -> dict[str, float | None]:
        """The score of the best text by language; None where nothing is signed."""
        return {code: found[0].score if found else None for code, found in self.hypotheses.items()}


@dataclass(frozen=True, eq=False)
class VideoResult:
    """One video of a batch."""

    video: Path
    translations: list[Translation]
    error: str | None = None
    """Why the video, or its end, could not be translated; None: it was."""
