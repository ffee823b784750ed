"""The page's files: both languages complete, and nothing from elsewhere."""

import re
from pathlib import Path

import pytest

import sonar_sign.serving

STATIC = Path(sonar_sign.serving.__file__).parent / "static"
SCRIPTS = sorted(STATIC.glob("*.js"))
PAGE = (STATIC / "index.html").read_text(encoding="utf-8")
WORDS = (STATIC / "words.js").read_text(encoding="utf-8")


def words_of(language: str) -> dict[str, str]:
    block = re.search(rf"^  {language}: \{{\n(.*?)^  \}},$", WORDS, re.DOTALL | re.MULTILINE)[1]
    return dict(re.findall(r'(\w+): "((?:[^"\\]|\\.)*)"', block))


def test_both_languages_have_the_same_words_and_values():
    english, italian = words_of("en"), words_of("it")
    assert english.keys() == italian.keys() and len(english) > 100
    for key, text in english.items():
        values = re.findall(r"\{(\w+)\}", text)
        assert sorted(values) == sorted(re.findall(r"\{(\w+)\}", italian[key])), key


def test_every_word_that_is_used_exists():
    english = words_of("en")
    used = set(re.findall(r'data-t(?:-label|-placeholder)?="(\w+)"', PAGE))
    for path in SCRIPTS:
        used |= set(re.findall(r'\bt\("(\w+)"', path.read_text(encoding="utf-8")))
    assert used <= english.keys()


def test_every_element_that_a_script_looks_for_exists():
    ids = set(re.findall(r'\bid="([\w-]+)"', PAGE))
    assert len(ids) == len(re.findall(r'\bid="([\w-]+)"', PAGE))
    for path in SCRIPTS:
        if path.name != "api.js":
            wanted = set(re.findall(r'byId\("([\w-]+)"\)', path.read_text(encoding="utf-8")))
            assert wanted <= ids, path.name


@pytest.mark.parametrize("path", sorted(STATIC.iterdir()), ids=lambda path: path.name)
def test_nothing_is_asked_of_other_machines_or_read_as_markup(path):
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|//\w+\.\w|@import|url\(", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", text)
    if path.suffix == ".html":
        assert not re.search(r"<style|style=|\son\w+=|<script(?! type=\"module\" src=)", text)
