"""The words that METEOR and CIDEr-D see."""

from functools import cache


def words(text: str) -> list[str]:
    """Split a text as sacreBLEU's `13a` does; punctuation marks are words of their own, case stays.

    BLEU uses the same, so the metrics disagree about a translation and not about what a word
    is. nltk's own tokenizer is not used: it needs a downloaded sentence splitter, and without
    it leaves the full stop on the last word of every sentence but the last.
    """
    return _tokenizer()(text.rstrip()).split()


@cache
def _tokenizer():
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

    return Tokenizer13a()
