"""The languages of SONAR, and what a wrong code means."""

import pytest

from sonar_sign.core.languages import LANGUAGES, language_meant


def test_sonar_has_202_languages():
    assert len(LANGUAGES) == 202 and {"eng_Latn", "ita_Latn", "zho_Hans"} <= LANGUAGES


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("en", "eng_Latn"),
        ("EN-us", "eng_Latn"),
        ("eng", "eng_Latn"),
        ("eng_latn", "eng_Latn"),
        ("ENG_LATN", "eng_Latn"),
        ("deu-Latn", "deu_Latn"),
        ("es", "spa_Latn"),
        ("zh", "zho_Hans"),
        ("ita_Lat", "ita_Latn"),
        ("English", "eng_Latn"),
    ],
)
def test_what_was_meant(code, meant):
    assert language_meant(code) == f"SONAR knows no such language; did you mean {meant}"


@pytest.mark.parametrize("code", ["xxx_Yyyy", "", "q", "_", "日本語"])
def test_where_nothing_is_near(code):
    assert language_meant(code).endswith("give a FLORES code, such as eng_Latn")
