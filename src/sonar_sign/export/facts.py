"""What a model card says of a system, gathered from the files of its run."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.evaluation.metrics_files import read_metrics, require_finite
from sonar_sign.evaluation.resampling import SAMPLES, Interval, Resampling
from sonar_sign.evaluation.seeds import MetricOverSeeds
from sonar_sign.evaluation.system_scores import SystemScores
from sonar_sign.metrics.registry import METRICS
from sonar_sign.models.model_files import origin_sha256, read_metadata
from sonar_sign.translation.declared_systems import DRAWN, IDENTITY
from sonar_sign.translation.definitions import SystemDefinition
from sonar_sign.translation.predictions import read_record


@dataclass(frozen=True)
class MetricValue:
    """One metric of one system in one language."""

    name: str
    value: float
    interval: Interval | str
    """95 %, or why there is none."""


@dataclass(frozen=True)
class LanguageScores:
    """The metrics of a system in one language."""

    language: str
    n_clips: int
    metrics: tuple[MetricValue, ...]
    signatures: Mapping[str, str]
    """How they were computed, by name."""
    versions: Mapping[str, str]
    n_videos: int
    note: str | None
    """What limits all intervals."""
    samples: int
    seed: int


@dataclass(frozen=True)
class SystemFacts:
    """Everything that a card is filled from."""

    definition: SystemDefinition
    corpus: str
    corpus_types: Mapping[str, str]
    """The type of each corpus that the system was trained or scored on, by name."""
    split: str
    counts: Mapping[str, Mapping[str, Any]]
    """Of the corpus, by split: clips, videos, hours; empty where no run has counted."""
    seed: int
    components: Mapping[str, Mapping[str, Any] | None]
    """What each checkpoint says of how it was made, by role; None: nothing, as public ones do."""
    checkpoints: Mapping[str, str]
    """SHA-256 by role."""
    scores: tuple[LanguageScores, ...]
    half: bool

    @property
    def drawn_only(self) -> bool:
        """Whether all of its corpora show drawn signers."""
        return set(self.corpus_types.values()) == {DRAWN}


def gather_facts(definition: SystemDefinition, results: Path, *, half: bool) -> SystemFacts:
    """Read what the run wrote about a system.

    Raises:
        UserError: a file is damaged, or metrics are those of another checkpoint.
    """
    identity = _record(results / IDENTITY)
    settings = identity.get("settings", {})
    roles = {
        "video_encoder": definition.files.sign_hiera,
        "sign_encoder": definition.files.sign_encoder,
        "landmark_model": definition.files.landmark_model,
    }
    paths = {role: path for role, path in roles.items() if path is not None}
    components = {role: read_metadata(path) or None for role, path in paths.items()}
    checkpoints = {role: origin_sha256(path) for role, path in paths.items()}
    corpus = str(identity.get("corpus", results.resolve().name))
    seed = settings.get("seed", 0)
    types = _types(corpus, results, components)
    drawings = definition.trained_on_drawings and set(types.values()) == {DRAWN}
    return SystemFacts(
        definition=replace(definition, trained_on_drawings=drawings),
        corpus=corpus,
        corpus_types=types,
        split=settings.get("evaluate", {}).get("split", "test"),
        counts=_record(results / "manifests/summary.json").get("splits", {}),
        seed=seed,
        components=components,
        checkpoints=checkpoints,
        scores=tuple(_scores(definition, results, set(checkpoints.values()), seed)),
        half=half,
    )


def _record(path: Path) -> Mapping[str, Any]:
    return read_record(path, "A file of the results") if path.is_file() else {}


def corpora_of(components: Mapping[str, Mapping[str, Any] | None]) -> list[str]:
    """Every corpus that a system or what it started from was trained on."""
    names: dict[str, None] = {}
    todo = [one for one in components.values() if one]
    while todo:
        metadata = todo.pop(0)
        names |= dict.fromkeys(map(str, metadata.get("corpora") or {}))
        for parent in (metadata.get("started_from") or {}).values():
            if isinstance(parent, Mapping) and parent.get("metadata"):
                todo.append(parent["metadata"])
    return list(names)


def _types(
    corpus: str, results: Path, components: Mapping[str, Mapping[str, Any] | None]
) -> dict[str, str]:
    """The types as the folders of results beside this one say; `unknown` where none does.

    The demo's stand-ins for the public models name no corpus of the config, but it does.
    """
    own = _record(results / IDENTITY)
    found = {corpus: str(own.get("type", "unknown"))}
    pretraining = own.get("settings", {}).get("demo", {}).get("pretraining_corpus")
    for name in corpora_of(components):
        beside = results.resolve().parent / name
        known = _record(beside / IDENTITY).get("type") if beside.name == name else None
        if known is None and name not in found and pretraining:
            name, known = pretraining, DRAWN
        found.setdefault(name, str(known or "unknown"))
    return found


def _scores(definition: SystemDefinition, results: Path, checkpoints: set[str], seed: int):
    for language in definition.languages or (definition.language,):
        end = "" if language == definition.language else f".{language}"
        path = results / "metrics" / f"{definition.name}{end}.json"
        if not path.is_file():
            continue
        scores = read_metrics(path)
        require_finite(scores)
        scored = scores.record.get("checkpoint_sha256")
        if scored not in checkpoints:
            raise UserError(
                f"{path} is of another checkpoint than the system's ({str(scored)[:12]}...); run "
                "the workflow first, so that the card says what the system does."
            )
        yield _language_scores(scores, language, seed)


def _language_scores(scores: SystemScores, language: str, seed: int) -> LanguageScores:
    resampling = Resampling(scores.clips.sources, seed)
    metrics = tuple(
        MetricValue(
            name,
            metric.value,
            resampling.interval(MetricOverSeeds({seed: metric}))
            if METRICS[name].resampled
            else "it is not resampled",
        )
        for name, metric in scores.metrics.items()
    )
    record = scores.record
    keys = ("signature", "chrf_signature", "chrf_pp_signature", "rouge_tokenizer")
    keys += ("meteor_variant", "cider_tokenizer")
    return LanguageScores(
        language,
        len(scores.clips.clip_ids),
        metrics,
        {key: str(record[key]) for key in keys if key in record},
        record.get("versions", {}),
        resampling.n_videos,
        resampling.note,
        SAMPLES,
        seed,
    )
