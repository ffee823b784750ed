"""Translation metrics, one module a family, each by the library that the field uses.

A metric is `MetricStatistics`: statistics per clip, and the function that turns their sums
into the score. Resampling clips or videos is then a sum of rows and needs no metric again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from sonar_sign.core.options import MetricOptions
from sonar_sign.metrics.base import MetricStatistics, mean_of_sums, mean_percentage
from sonar_sign.metrics.bleu import (
    BLEU_ORDERS,
    MAX_ORDER,
    bleu_of_sums,
    bleu_signature,
    corpus_bleu,
    length_ratio,
    ratio_of_sums,
    reduced_bleu,
    sentence_bleu,
)
from sonar_sign.metrics.bleurt import corpus_bleurt
from sonar_sign.metrics.chrf import chrf_of_sums, chrf_signature, corpus_chrf
from sonar_sign.metrics.cider import CIDER_TOKENIZER, corpus_cider
from sonar_sign.metrics.meteor import corpus_meteor, load_matcher
from sonar_sign.metrics.meteor_15 import corpus_meteor_15
from sonar_sign.metrics.rouge import corpus_rouge_l, rouge_tokenizer

__all__ = [
    "METRICS",
    "MetricStatistics",
    "Scores",
    "corpus_bleu",
    "corpus_chrf",
    "corpus_cider",
    "corpus_meteor",
    "corpus_rouge_l",
    "score_all",
    "sentence_bleu",
]

# Every metric with what turns its summed statistics into its score, in the order of tables.
METRICS: dict[str, Callable[[np.ndarray], float]] = {
    **{f"bleu_{order}": partial(bleu_of_sums, order=order) for order in BLEU_ORDERS},
    "chrf": partial(chrf_of_sums, word_order=0),
    "chrf_pp": partial(chrf_of_sums, word_order=2),
    "rouge_l": mean_of_sums,
    "meteor": mean_of_sums,
    "cider": mean_of_sums,
    "bleu_reduced": partial(bleu_of_sums, order=MAX_ORDER),
    "exact_match": mean_of_sums,
    "length_ratio": ratio_of_sums,
    "cosine": mean_of_sums,
    "meteor_15": mean_of_sums,
    "bleurt": mean_of_sums,
}
# e^(log 100) is 100.00000000000004; ten decimals drop that noise and nothing that is measured.
DECIMALS = 10
# The packages whose version can change a score.
VERSIONED = ("sacrebleu", "nltk", "rouge-score", "pycocoevalcap")


@dataclass(frozen=True)
class Scores:
    """Every metric of one list of predictions, and how each was made."""

    measured: dict[str, MetricStatistics]
    """Of `METRICS`, in that order; `bleu_reduced` of English only, `cosine` where it is known,
    `meteor_15` and `bleurt` where they are wanted."""
    signature: str  # sacreBLEU's, of bleu_4; bleu_n differ from it in max_ngram_order alone
    chrf_signature: str
    chrf_pp_signature: str
    rouge_tokenizer: str  # "rouge-score" or "unicode-words"
    meteor_variant: str  # a key of meteor.VARIANTS
    cider_tokenizer: str
    further: dict[str, str]  # optional metrics, and by what each was computed


def score_all(
    predictions: Sequence[str],
    references: Sequence[str],
    *,
    language: str = "eng_Latn",
    options: MetricOptions = MetricOptions(),  # noqa: B008 (frozen)
    cosines: Sequence[float] | None = None,
) -> Scores:
    """Score predictions against one reference each, in the same order, at least one pair.

    Percentages, but `cider`, which is 100 times pycocoevalcap's value (0 to 1000), and the length
    ratio, a factor. A prediction
    or a reference without words counts as it is: a zero, never left out.

    Args:
        language: FLORES code of both sides; it chooses METEOR's stemmer and ROUGE's words.
        cosines: of predicted with reference embeddings; NaN where there is no prediction.

    Raises:
        UserError: what an option names is not there or cannot be used.
    """
    matcher = load_matcher(language, options.nltk_data)
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
    further = {}
    for name, wanted, corpus_score in (
        ("meteor_15", options.meteor_15, corpus_meteor_15),
        ("bleurt", options.bleurt, corpus_bleurt),
    ):
        if wanted:
            measured[name], further[name] = corpus_score(predictions, references, wanted)
    return Scores(
        measured=measured,
        signature=bleu_signature(),
        chrf_signature=chrf_signature(),
        chrf_pp_signature=chrf_signature(word_order=2),
        rouge_tokenizer=rouge_tokenizer(language),
        meteor_variant=matcher.variant,
        cider_tokenizer=CIDER_TOKENIZER,
        further=further,
    )
