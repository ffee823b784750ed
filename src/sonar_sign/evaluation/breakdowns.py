"""Where systems are good: on which clips (see `parts`), and for which words."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from sonar_sign.evaluation.parts import NEEDS_CONTEXT, Clips, parted
from sonar_sign.evaluation.resampling import ONE_VIDEO, Resampling
from sonar_sign.evaluation.seeds import MetricOverSeeds, SystemRuns
from sonar_sign.evaluation.system_scores import SystemScores
from sonar_sign.evaluation.training_captions import TrainingCaptions
from sonar_sign.metrics.base import MetricStatistics
from sonar_sign.metrics.bleu import bleu_4_of_rows
from sonar_sign.metrics.content import f1_of_rows, f1_of_sums
from sonar_sign.metrics.registry import METRICS
from sonar_sign.metrics.tokens import words

# Of fewer clips a part says next to nothing.
FEW_CLIPS = 20
METRIC = "bleu_4"
FREQUENCY_EDGES = (0, 9, 99)
FREQUENCIES = ("not in training", "1 to 9 times", "10 to 99 times", "100 times or more")


def breakdowns(
    systems: Mapping[str, SystemRuns],
    about_clips: Mapping[str, Mapping[str, str]],
    training: TrainingCaptions | None,
    seed: int = 0,
) -> dict[str, Any]:
    """BLEU-4 of every system on parts of the clips, and F1 of words by how often training has them.

    Of a system with several seeds it is the mean over them.

    Args:
        about_clips: by clip id, columns of the manifest.
        training: None leaves out what compares with it.
        seed: of the resampling.

    Returns:
        For each way of parting, its parts in order, each with `n` (clips, or words of the
        references), `n_videos`, `few` (fewer than `FEW_CLIPS`), `systems`, a value by name, and
        `intervals`: by name `low` and `high`, or `no_interval` with the reason. Parts of
        `NEEDS_CONTEXT`, which show what reading the sentences before is worth, have the
        `significance` of every two systems.
    """
    first = next(iter(systems.values()))
    clips = first.first.clips
    rows = [about_clips.get(clip_id, {}) for clip_id in clips.clip_ids]
    known = Clips(clips, rows, training, first.language)
    sources = np.array(clips.sources, dtype=object)
    metrics = {name: system.metrics[METRIC] for name, system in systems.items()}
    bounds = METRICS[METRIC].minimum, METRICS[METRIC].maximum
    found: dict[str, Any] = {}
    for by, parts in parted(known).items():
        found[by] = {
            name: _part(
                {key: _rows(metric, chosen) for key, metric in metrics.items()},
                sources[chosen],
                len(chosen),
                seed,
                bounds,
                tested=by == NEEDS_CONTEXT,
            )
            for name, chosen in parts.rows().items()
        }
    if training is not None:
        found["word_frequency"] = _by_frequency(systems, training.captions, sources, seed)
    return found


def _rows(metric: MetricOverSeeds, rows: np.ndarray) -> MetricOverSeeds:
    """The metric on some of the clips."""
    by_seed = {
        seed: MetricStatistics(run.statistics[rows], run.score, score_rows=bleu_4_of_rows)
        for seed, run in metric.by_seed.items()
    }
    return MetricOverSeeds(by_seed)


def _part(
    metrics: Mapping[str, MetricOverSeeds],
    sources: np.ndarray,
    n: int,
    seed: int,
    bounds: tuple[float | None, float | None],
    *,
    tested: bool = False,
) -> dict[str, Any]:
    n_videos = len(set(sources))
    resampling = Resampling(sources.astype(str), seed) if n_videos > 1 else None
    return {
        "n": n,
        "n_videos": n_videos,
        "few": n < FEW_CLIPS,
        "systems": {key: metric.value for key, metric in metrics.items()},
        "intervals": {key: _interval(resampling, one, bounds) for key, one in metrics.items()},
        **({"significance": _tests(resampling, metrics)} if tested and resampling else {}),
    }


def _tests(resampling: Resampling, metrics: Mapping[str, MetricOverSeeds]) -> list[dict[str, Any]]:
    return [
        {"systems": [first, second], "test": t.test, "difference": t.difference, "p": t.p}
        for first, second in combinations(metrics, 2)
        for t in resampling.tests(metrics[first], metrics[second])
    ]


def _interval(
    resampling: Resampling | None,
    metric: MetricOverSeeds,
    bounds: tuple[float | None, float | None],
) -> dict[str, Any]:
    several = len(metric.by_seed) > 1
    found = resampling.interval(metric, bounds if several else (None, None)) if resampling else None
    if found is None or isinstance(found, str):
        return {"no_interval": found or ONE_VIDEO}
    return {"low": found.low, "high": found.high}


def _by_frequency(
    systems: Mapping[str, SystemRuns], captions: Sequence[str], sources: np.ndarray, seed: int
) -> dict[str, Any]:
    """F1 of finding the words of the references, in the right sentence, by their frequency."""
    language = next(iter(systems.values())).language
    counts = Counter(word for text in captions for word in _words(text, language))
    runs = {
        key: {number: _counted(run, counts)
              for number, run in system.by_seed.items()}
        for key, system in systems.items()
    }  # fmt: skip
    found = {}
    for place, name in enumerate(FREQUENCIES):
        metrics = {
            key: MetricOverSeeds(
                {
                    n: MetricStatistics(one[:, place], f1_of_sums, score_rows=f1_of_rows)
                    for n, one in of_system.items()
                }
            )
            for key, of_system in runs.items()
        }
        first = next(iter(next(iter(metrics.values())).by_seed.values()))
        n_words = int(first.statistics[:, 2].sum())
        if n_words:
            found[name] = _part(metrics, sources, n_words, seed, (0, 100))
    return found


def _counted(run: SystemScores, training: Mapping[str, int]) -> np.ndarray:
    """(n_clips, n_frequencies, 3): words in both, of the prediction, and of the reference."""
    pairs = [*zip(run.clips.predictions, run.clips.references, strict=True)]
    language = run.record["language"]
    found = np.zeros((len(pairs), len(FREQUENCIES), 3), dtype=np.int64)
    for row, texts in enumerate(pairs):
        ours, theirs = (Counter(_words(text, language)) for text in texts)
        for column, some in enumerate((ours & theirs, ours, theirs)):
            for word, n in some.items():
                place = bisect_left(FREQUENCY_EDGES, training.get(word, 0))
                found[row, place, column] += n
    return found


def _words(text: str, language: str) -> list[str]:
    # As they are tokenised for BLEU already, so that they are not tokenised again.
    return [word.lower() for word in words(text, language) if any(char.isalnum() for char in word)]
