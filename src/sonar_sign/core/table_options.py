"""Options of the commands that read tables of others; the workflow's config has none of them."""

from dataclasses import dataclass
from typing import Annotated, Literal


@dataclass(frozen=True)
class TableOptions:
    """How files with predictions and captions are read."""

    id: Annotated[str | None, "Column of the clip ids; by default clip_id."] = None
    text: Annotated[str | None, "Column of the predictions; by default prediction."] = None
    quoting: Annotated[
        Literal["auto", "none", "csv"],
        "Quotes around fields of TSV and text: as the file shows, part of the text, or not.",
    ] = "auto"


@dataclass(frozen=True)
class ImportOptions:
    """What happens where another program's clips are not ours."""

    mismatch: Annotated[
        Literal["refuse", "fill"],
        "Clips that it lacks, sentences of no clip: refuse, or empty predictions, and left out.",
    ] = "refuse"
