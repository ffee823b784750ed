"""Translation metrics, one module a family, each by the library that the field uses.

Every metric comes as a `Measured`: statistics a clip, and the function that turns their sums
into the score. Resampling clips or videos is then a sum of rows and needs no metric again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from sonar_sign.metrics.base import Measured, mean_percentage, mean_score
from sonar_sign.metrics.bleu import (
    BLEU_ORDERS,
    bleu_score,
    bleu_signature,
    corpus_bleu,
    length_ratio,
    ratio_score,
    reduced_bleu,
    sentence_bleu,
)
from sonar_sign.metrics.chrf import chrf_score, chrf_signature, corpus_chrf
from sonar_sign.metrics.cider import CIDER_TOKENIZER, corpus_cider
from sonar_sign.metrics.meteor import corpus_meteor, load_matcher
from sonar_sign.metrics.rouge import corpus_rouge_l, rouge_tokenizer

__all__ = [
    "Measured",
    "Scores",
    "corpus_bleu",
    "corpus_chrf",
    "corpus_cider",
    "corpus_meteor",
    "corpus_rouge_l",
    "score_all",
    "scorer_of",
    "sentence_bleu",
]

METRICS = (
    "bleu_1",
    "bleu_2",
    "bleu_3",
    "bleu_4",
    "chrf",
    "chrf_pp",
    "rouge_l",
    "meteor",
    "cider",
    "bleu_reduced",
    "exact_match",
    "length_ratio",
    "cosine",
)
# e^(log 100) is 100.00000000000004; ten decimals drop that noise and nothing that is measured.
DECIMALS = 10
# The packages whose version can change a score.
VERSIONED = ("sacrebleu", "nltk", "rouge-score", "pycocoevalcap")


def scorer_of(metric: str) -> Callable[[np.ndarray], float]:
    """What turns the summed statistics of a metric into its score; no metric is loaded for it.

    Raises:
        KeyError: the metric is not one of `METRICS`.
    """
    if metric not in METRICS:
        raise KeyError(metric)
    return _scorers().get(metric, mean_score)


@cache
def _scorers() -> dict[str, Callable[[np.ndarray], float]]:
    """Of the metrics that are no means."""
    return {
        **{f"bleu_{order}": bleu_score(order) for order in BLEU_ORDERS},
        "bleu_reduced": bleu_score(max(BLEU_ORDERS)),
        "chrf": chrf_score(),
        "chrf_pp": chrf_score(word_order=2),
        "length_ratio": ratio_score,
    }


@dataclass(frozen=True)
class Scores:
    """Every metric of one list of predictions, and how each was made."""

    measured: dict[str, Measured]
    """Of `METRICS`, in that order; `bleu_reduced` of English only, `cosine` where it is known."""
    signature: str  # sacreBLEU's, of bleu_4; bleu_n differ from it in max_ngram_order alone
    chrf_signature: str
    chrf_pp_signature: str
    rouge_tokenizer: str  # "rouge-score" or "unicode-words"
    meteor_variant: str  # a key of meteor.VARIANTS
    cider_tokenizer: str


def score_all(
    predictions: Sequence[str],
    references: Sequence[str],
    *,
    language: str = "eng_Latn",
    nltk_data: Path | None = None,
    cosines: Sequence[float] | None = None,
) -> Scores:
    """Score predictions against one reference each, in the same order, at least one pair.

    Percentages, but `cider`, which is 100 times pycocoevalcap's value (0 to 1000), and the length
    ratio, a factor. A prediction
    or a reference without words counts as it is: a zero, never left out.

    Args:
        language: FLORES code of both sides; it chooses METEOR's stemmer and ROUGE's words.
        cosines: of predicted with reference embeddings; NaN where there is no prediction.
        nltk_data: a folder that holds `corpora/wordnet`, searched instead of nltk's own places.

    Raises:
        UserError: `nltk_data` was given and holds no usable WordNet.
    """
    matcher = load_matcher(language, nltk_data)
    measured = {
        f"bleu_{order}": result
        for order, result in zip(BLEU_ORDERS, corpus_bleu(predictions, references), strict=True)
    }
    measured["chrf"] = corpus_chrf(predictions, references)
    measured["chrf_pp"] = corpus_chrf(predictions, references, word_order=2)
    measured["rouge_l"] = corpus_rouge_l(predictions, references, language)
    measured["meteor"] = corpus_meteor(predictions, references, matcher)
    measured["cider"] = corpus_cider(predictions, references)
    if language == "eng_Latn":
        measured["bleu_reduced"] = reduced_bleu(predictions, references)
    measured["exact_match"] = mean_percentage(
        [float(p == r) for p, r in zip(predictions, references, strict=True)]
    )
    measured["length_ratio"] = length_ratio(measured["bleu_1"])
    if cosines is not None:
        # A clip that was dropped has no embedding, which counts as one at a right angle.
        measured["cosine"] = mean_percentage([0.0 if c != c else c for c in cosines])
    return Scores(
        measured=measured,
        signature=bleu_signature(),
        chrf_signature=chrf_signature(),
        chrf_pp_signature=chrf_signature(word_order=2),
        rouge_tokenizer=rouge_tokenizer(language),
        meteor_variant=matcher.variant,
        cider_tokenizer=CIDER_TOKENIZER,
    )
