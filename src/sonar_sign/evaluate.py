"""`evaluate`: score one system's predictions and say how the numbers were made."""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sonar_sign import __version__
from sonar_sign.errors import UserError
from sonar_sign.files import require_file, write_json
from sonar_sign.tables import read_table, require_same_ids

if TYPE_CHECKING:
    import pandas as pd

    from sonar_sign.metrics import Measured

# e^(log 100) is 100.00000000000004; ten decimals drop that noise and nothing that is measured.
DECIMALS = 10


@dataclass(frozen=True)
class Clips:
    """Predictions and references of the same clips, in the manifest's order."""

    clip_ids: list[str]
    sources: list[str]  # the source video of each clip: what a bootstrap resamples
    references: list[str]
    predictions: list[str]
    cosines: list[float] | None = None  # of predicted with reference embeddings, where known


@dataclass(frozen=True)
class RunInfo:
    """What `predict` wrote beside its predictions, `predictions/{system}/{split}.json`."""

    system: str
    language: str  # FLORES code of the predictions, such as ita_Latn
    n_clips: int
    # Not known of predictions that somebody else made.
    checkpoint_sha256: str | None = None  # 64 hexadecimal digits
    seed: int | None = None
    inference_ms_per_clip: float | None = None  # milliseconds, all stages
    device: str | None = None
    timings_ms: dict[str, Any] | None = None  # mean, median and p95 by stage
    cost: dict[str, Any] | None = None  # parameters, bytes_on_disk, peak_memory_gb


def evaluate(
    predictions: Path,
    manifest: Path,
    run_info: Path,
    output: Path,
    *,
    references: Path | None = None,
    caption_language: str = "eng_Latn",
    nltk_data: Path | None = None,
) -> dict[str, Any]:
    """Score a prediction file and write `metrics/{system}.json`, which is also returned.

    The statistics of every clip go beside it, `.npz`; `compare` resamples them.

    Args:
        predictions: table with `clip_id`, `prediction`. An empty prediction is scored as it is
            and counted in `n_empty`.
        manifest: table with `clip_id`, `source`, `text`, of exactly the same clips.
        run_info: JSON that `predict` wrote beside the predictions (see `RunInfo`).
        output: the metrics file; `workflow/schemas/metrics.schema.yaml` describes it.
        references: table with `clip_id`, `text`, of exactly the same clips, that replaces the
            manifest's captions; needed where the predictions are in another language.
        caption_language: FLORES code of the manifest's captions.
        nltk_data: folder with `corpora/wordnet`; without it, nltk's own places are searched.

    Raises:
        UserError: a file is missing or malformed, clips differ or there are none, the run info
            counts other clips than the predictions, or the captions are in another language
            than the predictions.
    """
    info = read_run_info(run_info)
    if info.language != caption_language and references is None:
        raise UserError(
            f"{predictions} is in {info.language} and the captions of {manifest} are in "
            f"{caption_language}; give references in {info.language} (columns clip_id, text)."
        )
    clips = read_clips(predictions, manifest, references)
    if info.n_clips != len(clips.clip_ids):
        raise UserError(
            f"{run_info} counts {info.n_clips} clips and {predictions} has "
            f"{len(clips.clip_ids)}; they are not of one run, so predict again."
        )
    from sonar_sign.scored import score, write_statistics

    scored = score(clips, info, nltk_data)
    write_statistics(output.with_suffix(".npz"), scored)
    write_json(output, scored.record)
    return scored.record


def metrics_of(
    clips: Clips, info: RunInfo, nltk_data: Path | None
) -> tuple[dict[str, Any], dict[str, "Measured"]]:
    """What a metrics file says, and every metric with its statistics."""
    from sonar_sign.metrics import VERSIONED, score_all

    scores = score_all(
        clips.predictions,
        clips.references,
        language=info.language,
        nltk_data=nltk_data,
        cosines=clips.cosines,
    )
    record = {
        "system": info.system,
        "language": info.language,
        **{name: round(measured.value, DECIMALS) for name, measured in scores.measured.items()},
        "inference_ms_per_clip": info.inference_ms_per_clip,
        "n_clips": len(clips.clip_ids),
        "n_empty": _count_empty(clips.predictions),
        "n_empty_references": _count_empty(clips.references),
        "signature": scores.signature,
        "chrf_signature": scores.chrf_signature,
        "chrf_pp_signature": scores.chrf_pp_signature,
        "rouge_tokenizer": scores.rouge_tokenizer,
        "meteor_variant": scores.meteor_variant,
        "cider_tokenizer": scores.cider_tokenizer,
        "seed": info.seed,
        "checkpoint_sha256": info.checkpoint_sha256,
        "clips_sha256": clips_sha256(clips.clip_ids),
        "references_sha256": references_sha256(clips.clip_ids, clips.references),
        "device": info.device,
        "timings_ms": info.timings_ms,
        "cost": info.cost,
        "versions": _versions(VERSIONED),
    }
    return record, scores.measured


def read_clips(predictions: Path, manifest: Path, references: Path | None = None) -> Clips:
    """Join predictions with their references; both sides must name exactly the same clips.

    Raises:
        UserError: a table is malformed, clips differ (up to five ids are named each way), or
            there are none.
    """
    predicted = read_table(predictions, ("clip_id", "prediction"))
    clips = read_table(manifest, ("clip_id", "source", "text"))
    ids = clips["clip_id"].tolist()
    require_same_ids(predicted["clip_id"], str(predictions), ids, str(manifest))
    texts = dict(zip(ids, clips["text"], strict=True))
    if references is not None:
        replaced = read_table(references, ("clip_id", "text"))
        require_same_ids(
            predicted["clip_id"], str(predictions), replaced["clip_id"], str(references)
        )
        texts = dict(zip(replaced["clip_id"], replaced["text"], strict=True))
    if not ids:
        raise UserError(
            f"{manifest} has no clips, so there is nothing to score; choose a split that has some."
        )
    by_clip = dict(zip(predicted["clip_id"], predicted["prediction"], strict=True))
    return Clips(
        clip_ids=ids,
        sources=clips["source"].tolist(),
        references=[texts[clip_id] for clip_id in ids],
        predictions=[by_clip[clip_id] for clip_id in ids],
        cosines=_cosines(predicted, predictions, ids),
    )


def _cosines(predicted: "pd.DataFrame", path: Path, ids: list[str]) -> list[float] | None:
    """The column `cosine`, empty for a clip that was dropped; predictions need not have it."""
    if "cosine" not in predicted:
        return None
    try:
        values = [float(text or "nan") for text in predicted["cosine"]]
    except ValueError as error:
        raise UserError(f"{path}: the column cosine holds no numbers ({error}).") from error
    by_clip = dict(zip(predicted["clip_id"], values, strict=True))
    return [by_clip[clip_id] for clip_id in ids]


def read_run_info(path: Path) -> RunInfo:
    """Read and check what `predict` wrote beside its predictions.

    Raises:
        UserError: it is missing, not JSON, or a key is missing or of the wrong kind.
    """
    record = read_record(path, "The run info of the predictions")
    checks = {
        "system": _is_word,
        "language": _is_word,
        "n_clips": _is_count,
        "checkpoint_sha256": lambda value: isinstance(value, str) and _SHA256.fullmatch(value),
        "seed": _is_count,
        "inference_ms_per_clip": _is_duration,
        "device": _is_word,
        "timings_ms": lambda value: isinstance(value, dict),
        "cost": lambda value: isinstance(value, dict),
    }
    for key, holds in checks.items():
        if key not in record:
            raise UserError(f"{path} has no {key!r}; predict again to write it anew.")
        if not holds(record[key]):
            raise UserError(f"{path}: {key!r} cannot be {record[key]!r}; predict again.")
    return RunInfo(**{key: record[key] for key in checks})


def read_record(path: Path, what: str) -> dict[str, Any]:
    """Read a JSON file that holds one object.

    Raises:
        UserError: it is missing or holds anything else; `what` says what should be there.
    """
    path = require_file(path, what)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # malformed JSON, or bytes that are not UTF-8
        raise UserError(f"{path} is not JSON ({error}); make it again.") from error
    if not isinstance(record, dict):
        raise UserError(f"{path} does not hold a JSON object; make it again.")
    return record


def clips_sha256(clip_ids: Iterable[str]) -> str:
    """SHA-256 of the sorted clip ids, one a line: equal for equal clip lists in any order."""
    return _sha256_of_lines(sorted(clip_ids))


def references_sha256(clip_ids: Iterable[str], references: Iterable[str]) -> str:
    """SHA-256 of the sorted lines `clip_id TAB reference`: equal for equal references."""
    pairs = zip(clip_ids, references, strict=True)
    return _sha256_of_lines(sorted(f"{clip_id}\t{text}" for clip_id, text in pairs))


def _sha256_of_lines(lines: Iterable[str]) -> str:
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode("utf-8")).hexdigest()


def _count_empty(texts: Iterable[str]) -> int:
    return sum(not text.strip() for text in texts)


def _versions(packages: Iterable[str]) -> Mapping[str, str]:
    found = {"sonar_sign": __version__}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError as error:
            raise UserError(f"The package {package} is not installed; run make setup.") from error
    return found


_SHA256 = re.compile("[0-9a-f]{64}")


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_duration(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and value >= 0
