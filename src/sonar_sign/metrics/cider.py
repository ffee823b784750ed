"""CIDEr-D (Vedantam et al. 2015, arXiv 1411.5726) by pycocoevalcap's scorer, without Java."""

from collections.abc import Sequence

from sonar_sign.metrics.base import (
    ENGLISH,
    Metric,
    MetricContext,
    MetricStatistics,
    Provenance,
    References,
    listed,
    mean_percentage,
)
from sonar_sign.metrics.tokens import by_characters, words

CIDER_TOKENIZER = "13a, lower case, punctuation dropped"
BY_CHARACTERS = "characters, lower case, punctuation dropped"


def corpus_cider(
    predictions: Sequence[str], references: References, language: str = ENGLISH
) -> MetricStatistics:
    """Mean CIDEr-D times 100, so 1000 for a perfect list, as published tables print it.

    n-grams of 1 to 4 words, sigma 6. An n-gram weighs by how few of these references hold it,
    so the value depends on the whole list: with one clip every weight, and the value, is 0.
    Statistics keep the weights of the whole list; a resampled sum does not weigh again.

    Of several references, their mean similarity counts, and an n-gram counts once for a clip.

    pycocoevalcap's own tokenizer is Stanford's, which needs Java; this one is sacreBLEU's 13a,
    lower-cased, without words that hold no letter or digit. It leaves "don't" whole. Where
    words are not written apart, they are characters.
    """
    from pycocoevalcap.cider.cider_scorer import CiderScorer

    tokenised = [
        (_content(prediction, language), [_content(text, language) for text in of_clip])
        for prediction, of_clip in zip(predictions, listed(references), strict=True)
    ]
    made_by = BY_CHARACTERS if by_characters(language) else CIDER_TOKENIZER
    if not any(any(of_clip) for _, of_clip in tokenised):
        # The scorer fails without any n-gram.
        return mean_percentage([0.0] * len(tokenised), made_by)
    scorer = CiderScorer(n=4, sigma=6.0)
    for pair in tokenised:
        scorer += pair
    _, scores = scorer.compute_score()
    return mean_percentage(scores, made_by)


def _content(text: str, language: str) -> str:
    tokens = words(text.lower(), language)
    return " ".join(token for token in tokens if any(char.isalnum() for char in token))


def _compute(
    predictions: Sequence[str], references: Sequence[str], context: MetricContext
) -> MetricStatistics:
    return corpus_cider(predictions, context.of_clips(references), context.language)


CIDER = Metric(
    "cider",
    "CIDEr",
    _compute,
    provenance=Provenance(
        "CIDEr tokenisation",
        lambda tokenizer: (
            "CIDEr: 100 times CIDEr-D, so that 1000 is perfect, by pycocoevalcap's scorer; tokens "
            f"{tokenizer}"
        ),
        key="cider_tokenizer",
        equal_among="all",
        names_tokens=True,
    ),
    packages=("pycocoevalcap",),
    maximum=1000,
    headline=True,
    position=40,
)
