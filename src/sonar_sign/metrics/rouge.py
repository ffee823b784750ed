"""ROUGE-L (Lin 2004, W04-1013) by rouge-score: F-measure of the longest common subsequence."""

import re
from collections.abc import Sequence

from sonar_sign.metrics.base import MetricStatistics, mean_percentage

DEFAULT = "rouge-score"
UNICODE = "unicode-words"


def corpus_rouge_l(
    predictions: Sequence[str], references: Sequence[str], language: str = "eng_Latn"
) -> MetricStatistics:
    """Mean ROUGE-L F-measure (beta 1), a percentage, without the stemmer.

    rouge-score lower-cases and drops punctuation; a pair of which one side has no word is 0.
    """
    # With it comes nltk, and with that SciPy's statistics: a second and a half.
    from rouge_score.rouge_scorer import RougeScorer

    unicode = rouge_tokenizer(language) == UNICODE
    scorer = RougeScorer(["rougeL"], use_stemmer=False, tokenizer=_Words() if unicode else None)
    return mean_percentage(
        [
            scorer.score(reference, prediction)["rougeL"].fmeasure
            for prediction, reference in zip(predictions, references, strict=True)
        ]
    )


def rouge_tokenizer(language: str) -> str:
    """Which words count: rouge-score's own for English, runs of letters and digits otherwise.

    rouge-score's own keeps a-z and 0-9 alone: of "perché" it sees "perch", of Greek nothing.
    """
    return DEFAULT if language == "eng_Latn" else UNICODE


class _Words:
    """rouge-score's tokenizer interface: lower-cased runs of letters and digits of any script."""

    def tokenize(self, text: str) -> list[str]:
        return re.findall(r"[^\W_]+", text.lower())
