"""What the shipped engines speak is understood, and its style can be measured.

`benchmarks/speech.py` prints the figures; these tests hold them.
"""

import io
import time
from pathlib import Path

import numpy as np
import pytest
from speech_measures import (
    ITALIAN,
    SENTENCES,
    nearest_to_own,
    prosody,
    recognise,
    word_errors,
    words,
)

from sonar_sign.core.speech_options import EngineOptions
from sonar_sign.speech.engine import Failure, find_engine, speak_all
from sonar_sign.speech.espeak_voices import VOICES
from sonar_sign.speech.feelings import Feeling
from sonar_sign.speech.protocol import Utterance
from sonar_sign.speech.speak import speak_texts
from sonar_sign.speech.styles import STYLES, Style
from sonar_sign.speech.texts import Text

pytestmark = pytest.mark.long

# The same files for all tests of a worker; nobody writes them again.
Files = dict[str, list[Path]]


def spoken(
    folder: Path, texts, language: str, engine: str, style: str, intensity: float = 1.0
) -> list[Path]:
    feelings = [Feeling(Style(style, intensity), "given")] * len(texts)
    named = [Text(f"{number:02d}", text) for number, text in enumerate(texts)]
    log = io.StringIO()
    outcomes = speak_texts(named, feelings, language, folder, EngineOptions(engine=engine), log)
    assert not any(isinstance(outcome, Failure) for outcome in outcomes), log.getvalue()
    return [folder / f"{one.name}.wav" for one in named]


@pytest.fixture(scope="module")
def english(tmp_path_factory) -> Files:
    folder = tmp_path_factory.mktemp("hibari")
    return {
        style: spoken(folder / style, SENTENCES, "eng_Latn", "hibari", style) for style in STYLES
    }


@pytest.fixture(scope="module")
def italian(tmp_path_factory) -> Files:
    folder = tmp_path_factory.mktemp("espeak")
    return {
        style: spoken(folder / style, ITALIAN[:8], "ita_Latn", "espeak", style) for style in STYLES
    }


@pytest.mark.parametrize("style", STYLES)
def test_english_is_recognised_from_a_list(english, style) -> None:
    right = [
        recognise(wav, SENTENCES) == words(sentence)
        for wav, sentence in zip(english[style], SENTENCES, strict=True)
    ]
    assert sum(right) >= 19


@pytest.mark.parametrize("style", STYLES)
def test_english_is_understood_in_every_style(english, style) -> None:
    errors = [
        word_errors(words(sentence), recognise(wav))
        for wav, sentence in zip(english[style], SENTENCES, strict=True)
    ]
    limit = 0.10 if style == "neutral" else 0.16
    assert sum(errors) / sum(len(words(sentence)) for sentence in SENTENCES) <= limit


@pytest.mark.parametrize(("files", "share"), [("english", 0.8), ("italian", 0.95)])
def test_sentences_are_nearest_to_their_own_style(request, files, share) -> None:
    """By praat's measures, each sentence left out of the centre that it is compared with."""
    wavs: Files = request.getfixturevalue(files)
    measured = np.array([[prosody(wav) for wav in wavs[style]] for style in STYLES])
    assert nearest_to_own(measured).mean() >= share


# Of praat's four measures, which way each style goes.
DIRECTIONS = {"happy": (1, 1, 1, 1), "sad": (-1, -1, -1, -1), "angry": (1, 1, 1, 1)}


@pytest.mark.parametrize(
    ("engine", "language"), [("hibari", "eng_Latn"), ("espeak", "eng_Latn"), ("espeak", "ita_Latn")]
)
@pytest.mark.parametrize("style", DIRECTIONS)
def test_a_style_grows_with_its_intensity(tmp_path, engine, language, style) -> None:
    texts = (ITALIAN if language == "ita_Latn" else SENTENCES)[:4]
    means = [
        np.mean(
            [
                prosody(wav)
                for wav in spoken(tmp_path / str(step), texts, language, engine, style, step)
            ],
            axis=0,
        )
        for step in (0.0, 0.5, 1.0)
    ]
    assert np.all(np.diff(means, axis=0) * DIRECTIONS[style] > 0)


@pytest.mark.parametrize(("engine", "language"), [("hibari", "eng_Latn"), ("espeak", "ita_Latn")])
def test_the_same_request_gives_the_same_bytes(tmp_path, engine, language) -> None:
    texts = [*ITALIAN[:2], ITALIAN[0]]  # a voice reads any text
    first = contents(spoken(tmp_path / "first", texts, language, engine, "happy"))
    time.sleep(1.1)  # eSpeak's own seed is the time in seconds
    second = contents(spoken(tmp_path / "second", texts, language, engine, "happy"))
    assert first == second
    assert first[0] == first[2]


def contents(files: list[Path]) -> list[bytes]:
    return [file.read_bytes() for file in files]


def test_every_language_of_espeak_is_spoken(tmp_path) -> None:
    engine = find_engine(EngineOptions(engine="espeak"), "ita_Latn")
    utterances = [Utterance(code, "1 2 3", code, tmp_path / f"{code}.wav") for code in VOICES]
    failed = [one for one in speak_all(engine, utterances) if isinstance(one, Failure)]
    assert failed == []


def test_markup_in_a_text_is_text(tmp_path) -> None:
    """SSML and eSpeak's phonemes would be obeyed, not read, and change the voice."""
    texts = ['<prosody rate="fast">Ciao', "[[h@l'oU]]", "Ciao"]
    wavs = spoken(tmp_path, texts, "ita_Latn", "espeak", "neutral")
    sizes = [wav.stat().st_size for wav in wavs]
    assert sizes[0] > 1.5 * sizes[2]
