"""ROUGE-L (Lin 2004, W04-1013) by rouge-score: F-measure of the longest common subsequence."""

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
from sonar_sign.metrics.tokens import by_characters, characters

DEFAULT = "rouge-score"
UNICODE = "unicode-words"
CHARACTERS = "unicode-characters"


def corpus_rouge_l(
    predictions: Sequence[str], references: References, language: str = ENGLISH
) -> MetricStatistics:
    """Mean ROUGE-L F-measure (beta 1), a percentage, without the stemmer.

    rouge-score lower-cases and drops punctuation; a pair of which one side has no word is 0. Of
    several references the one of the highest F-measure counts (rouge-score's `score_multi`).
    """
    # Slow to import: it imports nltk.
    from rouge_score.rouge_scorer import RougeScorer

    tokenizer = rouge_tokenizer(language)
    own = {DEFAULT: None, UNICODE: _Words(), CHARACTERS: _Characters()}[tokenizer]
    scorer = RougeScorer(["rougeL"], use_stemmer=False, tokenizer=own)
    return mean_percentage(
        [
            scorer.score_multi(of_clip, prediction)["rougeL"].fmeasure
            for prediction, of_clip in zip(predictions, listed(references), strict=True)
        ],
        tokenizer,
    )


def rouge_tokenizer(language: str) -> str:
    """Which words count: rouge-score's own for English, runs of letters and digits otherwise.

    rouge-score's own tokenizer keeps a-z and 0-9 only: "perché" becomes "perch", Greek nothing.
    Where words are not written apart, characters count.
    """
    if by_characters(language):
        return CHARACTERS
    return DEFAULT if language == ENGLISH else UNICODE


class _Words:
    """rouge-score's tokenizer interface: lower-cased runs of letters and digits of any script.

    Vowel signs and accents belong to the letter that they stand on, as in Hindi.
    """

    def tokenize(self, text: str) -> list[str]:
        import regex  # the package, because `re` knows no marks

        return regex.findall(r"(?:[\p{L}\p{N}]\p{M}*)+", text.lower())


class _Characters:
    """The same interface: lower-cased characters that are letters or digits."""

    def tokenize(self, text: str) -> list[str]:
        return [one for one in characters(text.lower()) if one[0].isalnum()]


def _compute(
    predictions: Sequence[str], references: Sequence[str], context: MetricContext
) -> MetricStatistics:
    return corpus_rouge_l(predictions, context.of_clips(references), context.language)


ROUGE_L = Metric(
    "rouge_l",
    "ROUGE-L",
    _compute,
    provenance=Provenance(
        "ROUGE-L tokenisation",
        lambda tokenizer: f"ROUGE-L: F-measure, no stemmer, tokens {tokenizer}",
        key="rouge_tokenizer",
        schema={"enum": [DEFAULT, UNICODE, CHARACTERS]},
    ),
    packages=("rouge-score",),
    headline=True,
    plotted=True,
    position=20,
)
