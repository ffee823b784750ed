"""Engines that misbehave cost the utterance at which they do, and no other."""

import sys
from pathlib import Path

import pytest

from sonar_sign.speech.engine import Engine, Failure, speak_all
from sonar_sign.speech.protocol import Spoken, Utterance

# A good engine; `{fault}` is what it does at the text "bad" instead of speaking.
PROGRAM = """
import json, os, sys, time, wave
def write(path, seconds=1.0, rate=16000, sample=b"\\x01\\x02", channels=1):
    with wave.open(path, "wb") as file:
        file.setnchannels(channels), file.setsampwidth(2), file.setframerate(rate)
        file.writeframes(sample * int(seconds * rate) * channels)
def answer(request, **words):
    print(json.dumps({{"id": request["id"], **words}}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    wav = request["wav"]
    if request["text"] == "bad":
        {fault}
    else:
        write(wav)
        answer(request, wav=wav, seconds=1.0, voice="test")
"""
FAULTS = {
    "writes elsewhere": (
        "write('other.wav'); answer(request, wav='other.wav', seconds=1.0)",
        "wrote no file",
    ),
    "crashes": ("os.kill(os.getpid(), 11)", "ended before it answered"),
    "raises": ("raise RuntimeError('no such voice')", "RuntimeError: no such voice"),
    "leaves": ("sys.exit(0)", "ended before it answered"),
    "writes no file": ("answer(request, wav=wav, seconds=1.0)", "wrote no file"),
    "writes a link": (
        "os.symlink('/etc/hostname', wav); answer(request, seconds=1.0)",
        "wrote no file",
    ),
    "writes text": (
        "open(wav, 'w').write('sound'); answer(request, seconds=1.0)",
        "not a WAV file",
    ),
    "writes half a file": (
        "write(wav); os.truncate(wav, 8000); answer(request, seconds=1.0)",
        "cut off",
    ),
    "lies about the length": ("write(wav); answer(request, seconds=2.0)", "the file holds 1.00 s"),
    "states no length": ("write(wav); answer(request)", "the file holds 1.00 s"),
    "writes silence": (
        "write(wav, sample=b'\\0\\0'); answer(request, seconds=1.0)",
        "wrote silence",
    ),
    "writes nothing": ("write(wav, 0); answer(request, seconds=0.0)", "no utterance"),
    "writes stereo": ("write(wav, channels=2); answer(request, seconds=1.0)", "mono"),
    "floods its output": (
        "while True: sys.stdout.write('x' * 65536)",
        "flooded",
    ),
    "floods its errors": ("while True: sys.stderr.write('x' * 65536)", "ended before"),
    "floods the disk": (
        "file = open(wav, 'wb')\n        while True: file.write(bytes(1 << 20))",
        "ended before",
    ),
    "answers nonsense": ("print('ready', flush=True)", "not JSON"),
    "answers a list": ("print('[]', flush=True)", "not a JSON object"),
    "answers for another": ("answer({'id': '77'}, seconds=1.0)", "another utterance"),
    "refuses": ("answer(request, error='No voice for it.')", "No voice for it."),
}


def engine_that(fault: str, folder: Path, timeout_s: float = 30.0) -> Engine:
    program = folder / "engine.py"
    program.write_text(PROGRAM.format(fault=fault))
    return Engine("test", (sys.executable, str(program)), timeout_s)


def speak_with(fault: str, folder: Path, texts, timeout_s: float = 30.0) -> list:
    engine = engine_that(fault, folder, timeout_s)
    utterances = [
        Utterance(str(n), text, "eng_Latn", folder / "out" / f"{n}.wav")
        for n, text in enumerate(texts)
    ]
    return speak_all(engine, utterances)


@pytest.mark.parametrize(("fault", "words"), FAULTS.values(), ids=FAULTS)
def test_only_the_utterance_of_a_fault_is_lost(tmp_path, fault, words) -> None:
    outcomes = speak_with(fault, tmp_path, ["one", "bad", "three"])

    assert [type(outcome) for outcome in outcomes] == [Spoken, Failure, Spoken]
    assert words in outcomes[1].reason
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0.wav", "2.wav"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["engine.py", "out"]


@pytest.mark.long
@pytest.mark.parametrize("fault", ["time.sleep(60)", "os.system('sleep 60')"])
def test_an_engine_that_hangs_is_stopped(tmp_path, fault) -> None:
    outcomes = speak_with(fault, tmp_path, ["one", "bad", "three"], timeout_s=3.0)

    assert [type(outcome) for outcome in outcomes] == [Spoken, Failure, Spoken]
    assert "took too long" in outcomes[1].reason


def test_many_bad_texts_in_a_row_lose_no_other(tmp_path) -> None:
    outcomes = speak_with("sys.exit(3)", tmp_path, [*5 * ["bad"], "six"])

    assert [type(outcome) for outcome in outcomes] == [*5 * [Failure], Spoken]


def test_an_engine_that_cannot_start_is_given_up(tmp_path) -> None:
    engine = Engine("test", (sys.executable, "-m", "no_such_engine"))
    utterances = [Utterance(str(n), "text", "eng_Latn", tmp_path / f"{n}.wav") for n in range(50)]

    outcomes = speak_all(engine, utterances)

    assert len(outcomes) == 50
    assert all("No module named no_such_engine" in outcome.reason for outcome in outcomes)


def test_a_file_that_was_there_stays_if_nothing_is_spoken(tmp_path) -> None:
    wav = tmp_path / "bad.wav"
    wav.write_bytes(b"of before")
    engine = engine_that("sys.exit(3)", tmp_path)

    speak_all(engine, [Utterance("bad", "bad", "eng_Latn", wav)])

    assert wav.read_bytes() == b"of before"
