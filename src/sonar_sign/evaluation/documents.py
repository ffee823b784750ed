"""The sentences of a video in order, as one text: what a sentence borrows from its neighbours.

BLEU of such texts is known as d-BLEU (Liu et al. 2020, arXiv 2001.08210): an n-gram that moved to
the sentence before still matches, so it is higher than BLEU of sentences and no substitute for it.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sonar_sign.core.numbers import parse_number
from sonar_sign.evaluation.resampling import Resampling
from sonar_sign.evaluation.seeds import MetricOverSeeds, SystemRuns
from sonar_sign.evaluation.system_scores import SystemScores
from sonar_sign.metrics.base import MetricContext
from sonar_sign.metrics.registry import METRICS
from sonar_sign.translation.predictions import PredictionSet

DOCUMENT_METRICS = ("bleu_4", "chrf")
BY_START = "start of the clip in its video"
BY_NUMBER = "numbers in the clip ids"
AS_GIVEN = "order of the file"


def documents(
    systems: Mapping[str, SystemRuns], about_clips: Mapping[str, Mapping[str, str]], seed: int = 0
) -> dict[str, Any]:
    """BLEU-4 and chrF of every system on whole videos.

    Args:
        about_clips: by clip id, columns of the manifest; `start_s` gives the order.
        seed: of the resampling of videos.

    Returns:
        `n`, how many videos; `order`, what the order of their sentences was taken from; and
        `systems`, by name and metric `value` with `low` and `high`, or `no_interval`. Empty where
        every video has one clip, because nothing would differ from sentences.
    """
    first = next(iter(systems.values())).first.clips
    of_video, order = _in_order(first, about_clips)
    if all(len(rows) == 1 for rows in of_video.values()):
        return {}
    resampling = Resampling([*of_video], seed)
    found = {}
    for name, system in systems.items():
        joined = {number: _joined(run, of_video) for number, run in system.by_seed.items()}
        found[name] = {
            metric: _cell(system, joined, metric, resampling) for metric in DOCUMENT_METRICS
        }
    return {"n": len(of_video), "order": order, "systems": found}


def _cell(
    system: SystemRuns,
    joined: Mapping[int | None, PredictionSet],
    metric: str,
    resampling: Resampling,
) -> dict[str, Any]:
    by_seed = {}
    for number, texts in joined.items():
        context = MetricContext(system.language, further_references=texts.further_references)
        computed = METRICS[metric].compute(texts.predictions, texts.references, context)
        if computed is not None:
            by_seed[number] = computed
    over_seeds = MetricOverSeeds(by_seed)
    interval = resampling.interval(over_seeds, (0, 100) if len(by_seed) > 1 else (None, None))
    if isinstance(interval, str):
        return {"value": over_seeds.value, "no_interval": interval}
    return {"value": over_seeds.value, "low": interval.low, "high": interval.high}


def _joined(run: SystemScores, of_video: Mapping[str, Sequence[int]]) -> PredictionSet:
    clips = run.clips

    def join(texts: Sequence[str]) -> list[str]:
        return [" ".join(texts[row] for row in rows).strip() for rows in of_video.values()]

    # A clip without a further reference has its first one in the text.
    further = tuple(
        join([text or first for text, first in zip(texts, clips.references, strict=True)])
        for texts in clips.further_references
    )
    videos = [*of_video]
    joined = PredictionSet(videos, videos, join(clips.references), join(clips.predictions))
    return replace(joined, further_references=further)


def _in_order(
    clips: PredictionSet, about_clips: Mapping[str, Mapping[str, str]]
) -> tuple[dict[str, list[int]], str]:
    """The rows of every video in the order of its sentences, and what says so."""
    of_video: dict[str, list[int]] = defaultdict(list)
    for row, source in enumerate(clips.sources):
        of_video[source].append(row)
    texts = [about_clips.get(clip_id, {}).get("start_s", "") for clip_id in clips.clip_ids]
    starts = [parse_number(text) if text else None for text in texts]
    if all(start is not None for start in starts):
        return {video: sorted(rows, key=starts.__getitem__) for video, rows in of_video.items()}, (
            BY_START
        )
    parts = [re.split(r"([0-9]{1,18})", clip_id) for clip_id in clips.clip_ids]
    same_name = all(len({parts[row][0] for row in rows}) == 1 for rows in of_video.values())
    if same_name and all(len(one) > 1 for one in parts):
        # Texts and numbers take turns, so every two keys can be compared.
        keys = [[int(part) if n % 2 else part for n, part in enumerate(one)] for one in parts]
        return {video: sorted(rows, key=keys.__getitem__) for video, rows in of_video.items()}, (
            BY_NUMBER
        )
    return dict(of_video), AS_GIVEN
