"""What of the content a translation gets right, of English.

Content words are words outside of `function_words`. `docs/evaluation.md` says what these measures
can and cannot tell.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from sonar_sign.metrics.base import (
    ENGLISH,
    Metric,
    MetricContext,
    MetricStatistics,
    english_only,
    mean_of_sums,
)
from sonar_sign.metrics.content_words import Counterparts, content_words
from sonar_sign.metrics.english_details import known_names, names, negations, numbers
from sonar_sign.metrics.meteor import load_matcher

CONTENT = "Content words, %:"
DETAILS = "Names, numbers and negations, % of them right, wrong and missing:"
# Columns of `_content_counts`.
_SHARED, _PREDICTED, _REFERENCE, _ADDED, _OMITTED, _OMITTED_OF, _UNION = range(7)

Texts = tuple[str, ...]
Sets = tuple[tuple[str, ...], ...]


@lru_cache(maxsize=2)
def _content_counts(predictions: Texts, references: Sets, data: Path | None) -> np.ndarray:
    """(n_clips, 7): see the names of the columns above."""
    counterparts = Counterparts(load_matcher(ENGLISH, data))
    rows = []
    for prediction, of_clip in zip(predictions, references, strict=True):
        ours = content_words(prediction)
        theirs = [content_words(text) for text in of_clip]
        best = max(theirs, key=lambda words: _f1(Counter(ours), Counter(words)))
        shared = (Counter(ours) & Counter(best)).total()
        union: Counter[str] = Counter()
        for one in theirs:
            union |= Counter(one)
        added = counterparts.n_without(ours, [*union.elements()])
        omitted = [(counterparts.n_without(words, ours), len(words)) for words in theirs]
        least = min(omitted, key=lambda pair: pair[0] / pair[1] if pair[1] else 1.0)
        rows.append([shared, len(ours), len(best), added, *least, union.total()])
    return np.asarray(rows, dtype=np.int64).reshape(-1, 7)


def _f1(ours: Counter[str], theirs: Counter[str]) -> float:
    total = ours.total() + theirs.total()
    return (ours & theirs).total() / total if total else 0.0


@lru_cache(maxsize=4)
def _detail_counts(kind: str, predictions: Texts, references: Sets) -> np.ndarray:
    """(n_clips, 4): details right, wrong and missing, of one kind, and those of all references.

    Wrong: in the prediction and not in the reference. Missing: in the reference, and nothing in
    the prediction stands in its place. Of several references the best one counts.
    """
    texts = (text for of_clip in references for text in of_clip)
    known = known_names(texts) if kind == "names" else frozenset()
    of_reference: dict[str, Callable[[str], Counter[str]]] = {
        "names": lambda text: names(text, known, any_case=False),
        "numbers": numbers,
        "negations": negations,
    }
    of_prediction = of_reference | {"names": lambda text: names(text, known, any_case=True)}
    rows = []
    for prediction, of_clip in zip(predictions, references, strict=True):
        ours = of_prediction[kind](prediction)
        theirs = [of_reference[kind](text) for text in of_clip]
        compared = [_compared(ours, one) for one in theirs]
        best = max(compared, key=lambda counts: (counts[0], -counts[1] - counts[2]))
        rows.append([*best, sum(one.total() for one in theirs)])
    return np.asarray(rows, dtype=np.int64).reshape(-1, 4)


def _compared(ours: Counter[str], theirs: Counter[str]) -> tuple[int, int, int]:
    right = (ours & theirs).total()
    return right, ours.total() - right, max(0, theirs.total() - ours.total())


def f1_of_sums(sums: np.ndarray) -> float:
    """2 shared / (predicted + of the references), a percentage."""
    total = float(sums[1]) + float(sums[2])
    return 200 * float(sums[0]) / total if total else 0.0


def f1_of_rows(sums: np.ndarray) -> np.ndarray:
    """The same of many rows, (n, 3) to (n,)."""
    total = sums[:, 1] + sums[:, 2]
    return np.where(total > 0, 200 * sums[:, 0] / np.maximum(total, 1), 0.0)


def _content(
    name: str, title: str, columns: Sequence[int], position: int, description: str = ""
) -> Metric:
    score = f1_of_sums if len(columns) == 3 else mean_of_sums

    def compute(
        predictions: Sequence[str], references: Sequence[str], context: MetricContext
    ) -> MetricStatistics | None:
        sets = tuple(map(tuple, context.of_clips(references)))
        counts = _content_counts(tuple(predictions), sets, context.options.nltk_data)
        if not counts[:, _UNION].any():
            return None
        return MetricStatistics(counts[:, list(columns)], score)

    return Metric(
        name,
        title,
        compute,
        score,
        applies=english_only,
        description=description,
        packages=("sacrebleu", "nltk"),
        table=CONTENT,
        lower_is_better=name in ("hallucinated", "omitted"),
        position=position,
    )


CONTENT_PRECISION = _content(
    "content_precision", "content precision", (_SHARED, _PREDICTED), 110,
    "Content words: precision, recall and F1 of words that are no function words, in lower case.",
)  # fmt: skip
CONTENT_RECALL = _content("content_recall", "content recall", (_SHARED, _REFERENCE), 111)
CONTENT_F1 = _content("content_f1", "content F1", (_SHARED, _PREDICTED, _REFERENCE), 112)
HALLUCINATED = _content(
    "hallucinated", "hallucinated", (_ADDED, _PREDICTED), 113,
    "Hallucinated: predicted content words without a counterpart in the references: the same word "
    "or stem, or a synonym where METEOR has WordNet. A paraphrase that these do not know counts "
    "as hallucinated.",
)  # fmt: skip
OMITTED = _content(
    "omitted", "omitted", (_OMITTED, _OMITTED_OF), 114,
    "Omitted: content words of the reference without such a counterpart in the prediction.",
)  # fmt: skip


_OF_DETAILS = (
    "Names, numbers and negations: right, wrong (in the prediction, not in the reference) or "
    "missing (nothing stands in their place), of all that either side has in the clip."
)


def _detail(kind: str, column: int, position: int) -> Metric:
    outcome = ("right", "wrong", "missing")[column]

    def compute(
        predictions: Sequence[str], references: Sequence[str], context: MetricContext
    ) -> MetricStatistics | None:
        sets = tuple(map(tuple, context.of_clips(references)))
        counts = _detail_counts(kind, tuple(predictions), sets)
        if not counts[:, 3].any():
            return None
        rows = np.stack([counts[:, column], counts[:, :3].sum(axis=1)], axis=1)
        return MetricStatistics(rows, mean_of_sums)

    return Metric(
        f"{kind}_{outcome}",
        f"{kind} {outcome}",
        compute,
        applies=english_only,
        description=_OF_DETAILS if position == 120 else "",
        table=DETAILS,
        lower_is_better=outcome != "right",
        position=position,
    )


NAMES_RIGHT, NAMES_WRONG, NAMES_MISSING = (_detail("names", n, 120 + n) for n in range(3))
NUMBERS_RIGHT, NUMBERS_WRONG, NUMBERS_MISSING = (_detail("numbers", n, 130 + n) for n in range(3))
NEGATIONS_RIGHT, NEGATIONS_WRONG, NEGATIONS_MISSING = (
    _detail("negations", n, 140 + n) for n in range(3)
)
