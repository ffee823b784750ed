"""Every language of SONAR's has a name that people know."""

from sonar_sign.core.languages import LANGUAGES
from sonar_sign.serving.language_names import language_records, names


def test_all_languages_have_names_in_english_and_their_own():
    assert names().keys() == LANGUAGES
    assert all(name and own_name for name, own_name, _ in names().values())
    english = [name for name, _, _ in names().values()]
    assert len(set(english)) == len(english)


def test_records_are_of_languages_that_a_system_knows():
    systems = {
        "a": {"languages": ["ita_Latn", "arb_Arab"]},
        "b": {"languages": ["ita_Latn"]},
    }
    italian, arabic = language_records(systems)
    assert italian["own_name"] == "Italiano" and italian["iso"] == ["it", "ita"]
    assert italian["tag"] == "it-Latn" and italian["systems"] == ["a", "b"]
    assert arabic["rtl"] and not italian["rtl"] and "arb" in arabic["iso"]
