"""What a metric is: how it describes itself, what it is given and what it returns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from sonar_sign.core.options import MetricOptions
from sonar_sign.metrics.tokens import ENGLISH


@dataclass(frozen=True)
class MetricStatistics:
    """One metric on one list of predictions, kept per clip.

    `score(statistics[rows].sum(axis=0))` is the metric on any choice of rows, with repetition:
    the whole list, one signer, or a bootstrap sample.
    """

    statistics: np.ndarray
    """(n_clips, n_statistics); they are added up over clips before `score` is applied."""
    score: Callable[[np.ndarray], float]
    """(n_statistics,) -> the metric's value."""
    made_by: str = ""
    """How it was computed: a signature, a variant or a tokenizer; see `Provenance`."""
    score_rows: Callable[[np.ndarray], np.ndarray] | None = None
    """(n, n_statistics) -> (n,): `score` of many rows at once, up to rounding; None: one by one."""

    @property
    def value(self) -> float:
        """The metric on all clips."""
        return self.score(self.statistics.sum(axis=0))


@dataclass(frozen=True)
class MetricContext:
    """What a metric may need to know besides the texts."""

    language: str = ENGLISH
    """FLORES code of predictions and references."""
    options: MetricOptions = MetricOptions()
    cosines: Sequence[float] | None = None
    """Of predicted with reference embeddings, one per clip; NaN where there is no prediction."""
    decoder_scores: Sequence[float] | None = None
    """Of the decoder, one per clip; NaN where there is no prediction."""
    further_references: Sequence[Sequence[str]] = ()
    """Lists with one text per clip; an empty text is no reference."""

    def of_clips(self, references: Sequence[str]) -> list[list[str]]:
        """The references of each clip: the first one, which may be empty, and the further ones."""
        return [
            [first, *(text for text in further if text)]
            for first, *further in zip(references, *self.further_references, strict=True)
        ]


@dataclass(frozen=True)
class Provenance:
    """How a metrics file and a comparison say how a metric was computed."""

    title: str
    """What the statement is called where two systems differ in it, such as `BLEU signature`."""
    sentence: Callable[[str], str]
    """Makes of the statement a sentence for a comparison's notes, without the full stop."""
    key: str = ""
    """Key of the statement in the metrics file; empty: within `further_metrics`, by the name."""
    equal_among: Literal["all", "language", "none"] = "language"
    """Systems that may be compared only where their statements are equal."""
    names_tokens: bool = False
    """It says what a word is, in which languages differ: with `all`, those of systems in other
    languages may be others."""
    schema: dict[str, Any] | None = None
    """JSON schema of the statement, where it has a key; None: a string that is not empty."""


def everywhere(_context: MetricContext) -> bool:
    """For a metric that needs nothing."""
    return True


def english_only(context: MetricContext) -> bool:
    """For a metric of English."""
    return context.language == ENGLISH


def mean_of_sums(sums: np.ndarray) -> float:
    """The score of `mean_percentage`: the summed scores over their number, times 100."""
    # A bootstrap sample may hold no clip of those for which a metric is known.
    return 100 * float(sums[0]) / float(sums[1]) if sums[1] else 0.0


def mean_percentage(scores: Sequence[float], made_by: str = "") -> MetricStatistics:
    """A metric that is the mean of its clips' scores, times 100; statistics are (score, 1)."""
    column = np.asarray(scores, dtype=np.float64)
    return MetricStatistics(np.stack([column, np.ones_like(column)], axis=1), mean_of_sums, made_by)


References = Sequence[str | Sequence[str]]
"""One per prediction; several of one prediction as a list."""


def listed(references: References) -> list[list[str]]:
    """The references of each prediction as a list."""
    return [[one] if isinstance(one, str) else [*one] for one in references]


# None: the references have nothing that the metric counts.
Compute = Callable[[Sequence[str], Sequence[str], MetricContext], MetricStatistics | None]


@dataclass(frozen=True)
class Metric:
    """A metric, as tables, plots, notes and schemas need to know it.

    A module of this folder that has one (or several) at its top level is found by
    `sonar_sign.metrics.registry`; nothing else has to know it.
    """

    name: str
    """Its key in `metrics/{system}.json`."""
    title: str
    """Heading of its column."""
    compute: Compute
    """(predictions, references, context) -> statistics, or None where there is nothing to count.

    Both lists are in the same order; further references are in the context."""
    score: Callable[[np.ndarray], float] = mean_of_sums
    """(n_statistics,) summed statistics -> value; what `compute` returns has the same."""
    applies: Callable[[MetricContext], bool] = everywhere
    """Whether it is computed: it may need a language, an option or embeddings."""
    description: str = ""
    """A sentence for whoever reads the table: what is unusual about it."""
    provenance: Provenance | None = None
    """How it says how it was computed; None where there is nothing to say."""
    packages: tuple[str, ...] = ()
    """Python packages whose version can change the value."""
    decimals: int = 1
    """Digits after the point in tables."""
    minimum: float | None = 0
    maximum: float | None = 100
    headline: bool = False
    """In a comparison's first table, instead of the one of further metrics."""
    lower_is_better: bool = False
    """It counts errors."""
    table: str = ""
    """Title of a table of its own, which it shares with others that name it."""
    plotted: bool = False
    """In the picture of all systems."""
    resampled: bool = True
    """Whether sums over some of the clips give the metric on them; without it there are no
    intervals, tests and breakdowns."""
    position: int = 1000
    """Place in tables: lower ones come first, equal ones by name."""

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of its value."""
        bounds = {"minimum": self.minimum, "maximum": self.maximum}
        known = {key: value for key, value in bounds.items() if value is not None}
        return {"type": "number", "description": self.description or self.title, **known}
