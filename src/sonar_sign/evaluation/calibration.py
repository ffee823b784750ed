"""Whether a system knows when it is wrong: its own scores against the quality of its sentences.

The number is Spearman's rank correlation over clips: 1 where a surer sentence is always a better
one, 0 where the score says nothing. Quality is the sentence's chrF. The interval resamples source
videos, as everywhere.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sonar_sign.evaluation.resampling import CONFIDENCE, ONE_VIDEO, Resampling
from sonar_sign.evaluation.seeds import SystemRuns
from sonar_sign.evaluation.system_scores import SystemScores

# What systems say of their sentences, and what it is called.
SIGNALS = {"decoder_score": "the decoder's score", "cosine": "cosine of the embedding"}
QUALITY = "chrf"
BINS = 10
TOO_FEW = "fewer than three clips"
CONSTANT = "all clips have the same score or quality"


def calibration(systems: Mapping[str, SystemRuns], resampling: Resampling) -> dict[str, Any]:
    """By system and signal: `rank_correlation` with its interval, and `bins` for a plot.

    Of a system with several seeds the correlation is the mean over them, and the bins are those
    of the lowest seed. A system whose predictions have no such column is left out; so is a signal
    that is the same for every clip, whose entry says so in `unknown`.
    """
    found: dict[str, Any] = {}
    for name, system in systems.items():
        signals = {
            signal: _of_signal([_pairs(run, signal) for run in system.runs], resampling)
            for signal in SIGNALS
            if all(signal in run.metrics for run in system.runs)
        }
        if signals:
            found[name] = signals
    return found


Pairs = tuple[np.ndarray, np.ndarray, np.ndarray]


def _pairs(run: SystemScores, signal: str) -> Pairs:
    """The rows of the clips that have the signal, the signal and the quality of their sentences."""
    statistics, quality = run.metrics[signal].statistics, run.metrics[QUALITY]
    rows = np.flatnonzero(statistics[:, 1] > 0)
    values = np.array([quality.score(quality.statistics[row]) for row in rows])
    return rows, statistics[rows, 0].astype(np.float64), values


def _of_signal(runs: list[Pairs], resampling: Resampling) -> dict[str, Any]:
    if min(len(rows) for rows, _, _ in runs) < 3:
        return {"unknown": TOO_FEW}
    values = [_correlation(Ranked.of(signal), Ranked.of(quality)) for _, signal, quality in runs]
    if any(value is None for value in values):
        return {"unknown": CONSTANT}
    rows, signal, quality = runs[0]
    found: dict[str, Any] = {
        "n": len(rows),
        "rank_correlation": float(np.mean(values)),
        "bins": _bins(signal, quality),
    }
    if resampling.n_videos == 1:
        return found | {"no_interval": ONE_VIDEO}
    sampled = np.mean([_sampled(pairs, resampling) for pairs in runs], axis=0)
    outside = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(sampled, [outside, 100 - outside])
    return found | {"low": float(low), "high": float(high)}


def _sampled(pairs: Pairs, resampling: Resampling) -> np.ndarray:
    """(samples,): the correlation on the drawn videos, 0 where it is not defined."""
    rows, signal, quality = pairs
    first, second = Ranked.of(signal), Ranked.of(quality)
    drawn = (_correlation(first, second, weights[rows]) for weights in resampling.clip_counts())
    return np.array([0.0 if value is None else value for value in drawn])


class Ranked:
    """Values in order, of which weighted ranks are known in one pass."""

    def __init__(self, group: np.ndarray, n_groups: int):
        self.group, self.n_groups = group, n_groups

    @classmethod
    def of(cls, values: np.ndarray) -> "Ranked":
        """Equal values are one group."""
        distinct, group = np.unique(values, return_inverse=True)
        return cls(group, len(distinct))

    def ranks(self, weights: np.ndarray) -> np.ndarray:
        """(n,): the mean rank of each value, where every value occurs `weights` times."""
        sizes = np.bincount(self.group, weights, self.n_groups)
        return (np.cumsum(sizes) - (sizes - 1) / 2)[self.group]


def _correlation(first: Ranked, second: Ranked, weights: np.ndarray | None = None) -> float | None:
    """Spearman's rank correlation, ties at their mean rank; None where one side is constant."""
    weights = np.ones(len(first.group)) if weights is None else weights.astype(np.float64)
    total = weights.sum()
    if not total:
        return None
    centred = []
    for ranked in (first, second):
        ranks = ranked.ranks(weights)
        centred.append(ranks - (weights @ ranks) / total)
    a, b = centred
    spread = float(weights @ (a * a)) * float(weights @ (b * b))
    return None if spread <= 1e-9 else float(weights @ (a * b)) / spread**0.5


def _bins(signal: np.ndarray, quality: np.ndarray) -> list[dict[str, Any]]:
    """Clips from the least to the most sure in `BINS` parts of the same size, for a plot."""
    order = np.argsort(signal, kind="stable")
    return [
        {
            "n": len(part),
            "confidence": float(signal[part].mean()),
            "quality": float(quality[part].mean()),
        }
        for part in np.array_split(order, BINS)
        if len(part)
    ]
