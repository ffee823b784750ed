"""What is understood of the speech, whether its styles can be told apart, and what it costs.

    .venv/bin/python benchmarks/speech.py

Recognition is pocketsphinx's, with the model in its package; pitch, range, rate and loudness are
praat's. Neither had a part in making the speech. The tables of docs/speech.md are its output.
"""

import filecmp
import io
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from sonar_sign.core.speech_options import EngineOptions
from sonar_sign.speech.feelings import Feeling
from sonar_sign.speech.speak import speak_texts
from sonar_sign.speech.styles import STYLES, Style
from sonar_sign.speech.texts import Text

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/support"))
import speech_measures as measures  # noqa: E402

VOICES = {"hibari": "eng_Latn", "espeak": "ita_Latn"}
STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
MEASURES = ("pitch, Hz", "range, semitones", "length, s", "loudness, dB")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        english = {style: spoken(folder / style, "hibari", style) for style in STYLES}
        print_recognition(english)
        for engine in VOICES:
            print_styles(engine, folder / engine)
        print_same_bytes(folder)
        print_cost(folder)


def sentences(engine: str) -> tuple[str, ...]:
    return measures.SENTENCES if VOICES[engine] == "eng_Latn" else measures.ITALIAN


def spoken(
    folder: Path, engine: str, style: str, intensity: float = 1.0, times: int = 1
) -> list[Path]:
    """The WAV files of an engine's sentences in a style."""
    texts = [Text(f"{n:03d}", text) for n, text in enumerate(times * sentences(engine))]
    feelings = [Feeling(Style(style, intensity), "given")] * len(texts)
    log = io.StringIO()
    speak_texts(texts, feelings, VOICES[engine], folder, EngineOptions(engine=engine), log)
    assert not log.getvalue(), log.getvalue()
    return [folder / f"{one.name}.wav" for one in texts]


def print_recognition(english: dict[str, list[Path]]) -> None:
    print("\nEnglish (hibari), recognised by pocketsphinx:\n")
    print("| style | of 20 sentences, from the closed list | open word error |\n|---|---|---|")
    truths = [measures.words(sentence) for sentence in measures.SENTENCES]
    for style, wavs in english.items():
        pairs = list(zip(wavs, truths, strict=True))
        right = sum(measures.recognise(wav, measures.SENTENCES) == truth for wav, truth in pairs)
        errors = sum(measures.word_errors(truth, measures.recognise(wav)) for wav, truth in pairs)
        print(f"| {style} | {right} | {100 * errors / sum(map(len, truths)):.1f} % |")


def print_styles(engine: str, folder: Path) -> None:
    found = {
        style: np.array([measures.prosody(wav) for wav in spoken(folder / style, engine, style)])
        for style in STYLES
    }
    print(f"\n{engine}, {VOICES[engine]}, {len(sentences(engine))} sentences by praat:\n")
    print(f"| style | {' | '.join(MEASURES)} | nearest to its own style |")
    print("|---" * (len(MEASURES) + 2) + "|")
    right = measures.nearest_to_own(np.array(list(found.values())))
    for style, rows, share in zip(STYLES, found.values(), right, strict=True):
        pitch, spread, rate, loudness = rows.mean(axis=0)
        values = (2**pitch, 2**spread, 2**-rate, 6 * loudness)
        shown = " | ".join(f"{value:.1f}" for value in values)
        print(f"| {style} | {shown} | {100 * share:.0f} % |")
    print(f"\nAll styles: {100 * np.mean(right):.1f} % of {right.size * len(sentences(engine))}.")
    for style in STYLES[1:]:
        means = [
            np.mean(
                [
                    measures.prosody(wav)
                    for wav in spoken(folder / f"{style}{step}", engine, style, step)
                ],
                axis=0,
            )
            for step in STEPS
        ]
        steps = np.diff(means, axis=0).T
        ways = ["rises" if min(row) > 0 else "falls" if max(row) < 0 else "-" for row in steps]
        names = ("pitch", "range", "rate", "loudness")
        words = ", ".join(f"{name} {way}" for name, way in zip(names, ways, strict=True))
        print(f"Intensity {STEPS[0]:g} to {STEPS[-1]:g} in {len(STEPS)} steps, {style}: {words}.")


def print_same_bytes(folder: Path) -> None:
    print("\nThe same input twice, with more than a second between:\n")
    for engine in VOICES:
        first = spoken(folder / f"{engine}1", engine, "happy")
        time.sleep(1.1)
        second = spoken(folder / f"{engine}2", engine, "happy")
        same = sum(filecmp.cmp(a, b, shallow=False) for a, b in zip(first, second, strict=True))
        print(f"- {engine}: {same} of {len(first)} files have the same bytes")


def print_cost(folder: Path) -> None:
    print("\n100 sentences:\n\n| engine | CPU seconds | seconds of speech |\n|---|---|---|")
    for engine in VOICES:
        before = cpu_s()
        wavs = spoken(
            folder / f"{engine}100", engine, "neutral", 1.0, 100 // len(sentences(engine))
        )
        used = cpu_s() - before
        length = sum(2 ** -measures.prosody(wav)[2] for wav in wavs)
        print(f"| {engine} | {used:.1f} | {length:.0f} |")


def cpu_s() -> float:
    """CPU seconds of this process and of the engines that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    main()
