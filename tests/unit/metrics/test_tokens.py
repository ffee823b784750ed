"""Words are those of sacreBLEU's 13a."""

import pytest

from sonar_sign.metrics.tokens import bleu_tokenizer, by_characters, words


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Don't stop. Go on!", ["Don't", "stop", ".", "Go", "on", "!"]),
        ("about 1.5, or 1,000", ["about", "1.5", ",", "or", "1,000"]),
        ("Perché no?\n", ["Perché", "no", "?"]),
        ("  ", []),
    ],
)
def test_punctuation_marks_are_words_and_case_stays(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    "language, text, expected",
    [
        ("zho_Hans", "他是谁？KTV很好, 3元", [*"他是谁？", "KTV", "很", "好", ",", "3", "元"]),
        ("zho_Hant", "他\u3000是", ["他", "是"]),
        ("yue_Hant", "佢係邊個", [*"佢係邊個"]),
        ("jpn_Jpan", "今日は雨。", [*"今日は雨。"]),
        ("kor_Hang", "비가 와요.", [*"비가와요."]),
        ("tha_Thai", "วันนี้ 10", ["วั", "น", "นี้", "10"]),
        ("deu_Latn", "regen und schnee.", ["regen", "und", "schnee", "."]),
        ("hin_Deva", "यह ठीक है", ["यह", "ठीक", "है"]),
    ],
)
def test_words_are_characters_where_they_are_not_written_apart(language, text, expected):
    assert words(text, language) == expected


@pytest.mark.parametrize(
    "language, name",
    [
        ("zho_Hans", "zh"),
        ("zho_Hant", "zh"),
        ("yue_Hant", "zh"),
        ("tha_Thai", "char"),
        ("khm_Khmr", "char"),
        ("deu_Latn", "13a"),
        ("eng_Latn", "13a"),
        ("und", "13a"),
    ],
)
def test_bleu_has_sacrebleus_tokenizer_of_the_language(language, name):
    assert bleu_tokenizer(language) == name
    assert by_characters(language) == (name != "13a")


@pytest.mark.parametrize("language, mecab", [("jpn_Jpan", "ja-mecab"), ("kor_Hang", "ko-mecab")])
def test_without_mecab_bleu_counts_characters(language, mecab):
    from sacrebleu.metrics import BLEU

    try:
        BLEU(tokenize=mecab)
        expected = mecab
    except RuntimeError:
        expected = "char"
    assert bleu_tokenizer(language) == expected
