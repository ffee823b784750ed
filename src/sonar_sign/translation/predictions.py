"""Tables of predictions and their run infos: written by `predict`, read and checked by others."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import sha256_of, write_json
from sonar_sign.core.strict_json import parse_json
from sonar_sign.core.tables import write_rows
from sonar_sign.core.text_files import read_text

# Fields of `PredictionSet` with a value per clip.
_PER_CLIP = ("clip_ids", "sources", "references", "predictions", "cosines", "decoder_scores")


@dataclass(frozen=True)
class PredictionSet:
    """Predictions and references of the same clips, in the manifest's order."""

    clip_ids: list[str]
    sources: list[str]
    """The source video of each clip: what a bootstrap resamples."""
    references: list[str]
    predictions: list[str]
    cosines: list[float] | None = None
    """Cosine of each clip's embedding with its target, where `predict` was given targets."""
    decoder_scores: list[float] | None = None
    """How sure the decoder was of each prediction, in any unit; higher is surer."""
    further_references: tuple[list[str], ...] = ()
    """Lists with a text per clip; an empty text is no reference."""

    notes: tuple[str, ...] = ()
    """What a reader of the scores should know of the files, one sentence each."""

    def rows(self, rows: Sequence[int]) -> "PredictionSet":
        """The clips at these positions, in this order."""
        columns = {name: getattr(self, name) for name in _PER_CLIP}
        further = tuple([texts[row] for row in rows] for texts in self.further_references)
        chosen = {k: v and [v[row] for row in rows] for k, v in columns.items()}
        return replace(self, **chosen, further_references=further)


@dataclass(frozen=True)
class RunInfo:
    """What `predict` wrote beside its predictions, `predictions/{system}/{split}.json`."""

    system: str
    language: str  # FLORES code of the predictions, such as ita_Latn
    n_clips: int
    # Not known of predictions that somebody else made.
    checkpoint_sha256: str | None = None  # 64 hexadecimal digits
    seed: int | None = None
    device: str | None = None
    components: dict[str, Any] | None = None
    """Metadata of the checkpoints by role (`video_encoder`, `sign_encoder`, `landmark_model`);
    null where there is none or it has no metadata."""
    decoding: dict[str, Any] | None = None
    """The options of decoding."""
    table_sha256: str | None = None
    """Of the table beside it, so that a changed translation is not scored as the system's."""


def write_predictions(
    path: Path,
    texts: Mapping[str, str],
    dropped: Sequence[str],
    info: Mapping[str, Any],
    cosines: Sequence[float] | None = None,
) -> None:
    """Write a table of predictions (`.tsv`) and its run info (`.json`) beside it.

    Args:
        texts: by clip id; line breaks become spaces.
        dropped: clips without features; their translation is empty, so that all systems are
            scored on the same clips.
        info: the fields of `RunInfo`, and anything else that says how the predictions were made.
        cosines: one per text, in the same order.
    """
    columns = {"prediction": [" ".join(text.split()) for text in texts.values()]}
    if cosines is not None:
        columns["cosine"] = [f"{cosine:.6f}" for cosine in cosines]
    rows = [*zip(texts, *columns.values(), strict=True)]
    rows += [(clip_id, *[""] * len(columns)) for clip_id in dropped]
    write_rows(path, ("clip_id", *columns), sorted(rows))
    write_json(path.with_suffix(".json"), {**info, "table_sha256": sha256_of(path)})


def read_run_info(path: Path) -> RunInfo:
    """Read and check what `predict` wrote beside its predictions.

    Raises:
        UserError: it is missing, not JSON, or a key is missing or of the wrong kind.
    """
    record = read_record(path, "The run info of the predictions")
    checks = {
        "system": is_word,
        "language": is_word,
        "n_clips": is_count,
        "checkpoint_sha256": lambda value: isinstance(value, str) and _SHA256.fullmatch(value),
        "seed": is_count,
        "device": is_word,
    }
    for key, holds in checks.items():
        if key not in record:
            raise UserError(f"{path} has no {key!r}; predict again to write it anew.")
        if not holds(record[key]):
            raise UserError(f"{path}: {key!r} cannot be {record[key]!r}; predict again.")
    optional = {key: record[key] for key in ("components", "decoding") if key in record}
    for key, value in optional.items():
        if value is not None and not isinstance(value, dict):
            raise UserError(f"{path}: {key!r} cannot be {value!r}; predict again.")
    table = record.get("table_sha256")
    if table is not None and not (isinstance(table, str) and _SHA256.fullmatch(table)):
        raise UserError(f"{path}: 'table_sha256' cannot be {table!r}; predict again.")
    return RunInfo(**{key: record[key] for key in checks}, **optional, table_sha256=table)


def read_record(path: Path, what: str) -> dict[str, Any]:
    """Read a JSON file that holds one object.

    Raises:
        UserError: it is missing or holds anything else; `what` says what should be there.
    """
    text = read_text(path, what)
    try:
        record = parse_json(text)
    except ValueError as error:
        raise UserError(f"{path} is not JSON ({error}); make it again.") from error
    if not isinstance(record, dict):
        raise UserError(f"{path} does not hold a JSON object; make it again.")
    return record


_SHA256 = re.compile("[0-9a-f]{64}")


def is_word(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_duration(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and value >= 0
