"""Where systems are good: by length, duration, signer and source video, and for which words."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from sonar_sign.core.errors import UserError
from sonar_sign.core.numbers import parse_number
from sonar_sign.evaluation.context_breakdown import by_need_of_context
from sonar_sign.evaluation.seeds import SystemRuns
from sonar_sign.evaluation.system_scores import SystemScores
from sonar_sign.metrics.tokens import words

LENGTH_EDGES = (5, 10, 15, 20, 30)
DURATION_EDGES = (2, 4, 8, 16)
FREQUENCY_EDGES = (0, 9, 99)


def breakdowns(
    systems: Mapping[str, SystemRuns],
    about_clips: Mapping[str, Mapping[str, str]],
    training: Sequence[str] | None,
    seed: int = 0,
) -> dict[str, Any]:
    """BLEU-4 of every system on groups of clips, and F1 of words by how often training has them.

    Of a system with several seeds it is the mean over them.

    Args:
        about_clips: by clip id, columns of the manifest; `signer` and `n_frames` with `fps` are
            used where all clips have them.
        training: captions; None leaves the words out.
        seed: of the intervals of `needs_context`.

    Returns:
        For each way of grouping, its groups in order, each with `n` (clips, or words of the
        references) and `systems`, a value by name.
    """
    clips = next(iter(systems.values())).first.clips
    rows = [about_clips.get(clip_id, {}) for clip_id in clips.clip_ids]
    language = str(next(iter(systems.values())).first.record["language"])
    lengths = [len(words(text, language)) for text in clips.references]
    found = {
        "reference_length": _by_bin(systems, lengths, LENGTH_EDGES, "words"),
        "source": _by_name(systems, clips.sources),
    }
    if all(row.get("n_frames") and row.get("fps") for row in rows):
        durations = [_duration_s(row) for row in rows]
        found["duration"] = _by_bin(systems, durations, DURATION_EDGES, "s")
    if all(row.get("signer") for row in rows):
        found["signer"] = _by_name(systems, [row["signer"] for row in rows])
    context = by_need_of_context(systems, rows, seed)
    if context is not None:
        found["needs_context"] = context
    if training is not None:
        found["word_frequency"] = _by_frequency(systems, training, language)
    return found


def _duration_s(row: Mapping[str, str]) -> float:
    n_frames, fps = parse_number(row["n_frames"]), parse_number(row["fps"])
    if n_frames is None or not fps or n_frames < 0 or fps < 0:
        raise UserError(
            f"The manifest has {row['n_frames']!r} frames at {row['fps']!r} frames per second for "
            f"clip {row['clip_id']}; write positive numbers."
        )
    return n_frames / fps


def _by_bin(
    systems: Mapping[str, SystemRuns], values: Sequence[float], edges: Sequence[float], unit: str
) -> dict[str, Any]:
    """Bins up to and with each edge, and one above the last."""
    bins = np.searchsorted(edges, values)
    names = [f"up to {edges[0]} {unit}"]
    names += [f"up to {edge} {unit}" for edge in edges[1:]]
    names += [f"over {edges[-1]} {unit}"]
    return _groups(systems, [names[number] for number in bins], names)


def _by_name(systems: Mapping[str, SystemRuns], values: Sequence[str]) -> dict[str, Any]:
    return _groups(systems, values, sorted(set(values)))


def _groups(
    systems: Mapping[str, SystemRuns], of_clip: Sequence[str], names: Iterable[str]
) -> dict[str, Any]:
    groups = np.array(of_clip)
    found = {}
    for name in names:
        rows = np.flatnonzero(groups == name)
        if len(rows):
            scores = {key: system.subset(rows)["bleu_4"] for key, system in systems.items()}
            found[name] = {"n": len(rows), "systems": scores}
    return found


def _by_frequency(
    systems: Mapping[str, SystemRuns], training: Sequence[str], language: str
) -> dict[str, Any]:
    counts = Counter(word for text in training for word in _words(text, language))
    names = ["not in training", "1 to 9 times", "10 to 99 times", "100 times or more"]

    def name_of(word: str) -> str:
        return names[int(np.searchsorted(FREQUENCY_EDGES, counts[word]))]

    found = {}
    for name in names:
        scores = {key: _mean_f1(system, lambda w: name_of(w) == name)  # noqa: B023
                  for key, system in systems.items()}  # fmt: skip
        n = max(n for n, _ in scores.values())
        if n:
            found[name] = {"n": n, "systems": {key: f1 for key, (_, f1) in scores.items()}}
    return found


def _mean_f1(system: SystemRuns, counts: Callable[[str], bool]) -> tuple[int, float]:
    """Words of the references that count, and the mean over seeds of `_f1`."""
    found = [_f1(run, counts) for run in system.runs]
    return found[0][0], sum(f1 for _, f1 in found) / len(found)


def _f1(system: SystemScores, counts: Callable[[str], bool]) -> tuple[int, float]:
    """Words of the references that count, and the F1 of finding them in the right sentence."""
    n_references = n_predictions = n_both = 0
    language = str(system.record["language"])
    pairs = zip(system.clips.predictions, system.clips.references, strict=True)
    for prediction, reference in pairs:
        predicted, wanted = (
            Counter(filter(counts, _words(t, language))) for t in (prediction, reference)
        )
        n_predictions += predicted.total()
        n_references += wanted.total()
        n_both += (predicted & wanted).total()
    total = n_predictions + n_references
    return n_references, 200 * n_both / total if total else 0.0


def _words(text: str, language: str) -> list[str]:
    return [word for word in words(text.lower(), language) if any(char.isalnum() for char in word)]
