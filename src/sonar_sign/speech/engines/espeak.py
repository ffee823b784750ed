"""92 languages by eSpeak NG 1.52, the library inside `espeakng-loader` (GPL-3).

This program is the only user of that library: sonar-sign runs it as a process of its own and
exchanges files with it. Every utterance is spoken by a fork of its own, because eSpeak keeps a
state that makes a second utterance differ from the first; and from a seed of our own.
"""

import ctypes
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from sonar_sign.speech.espeak_voices import VOICES, without_voice
from sonar_sign.speech.levels import as_pcm
from sonar_sign.speech.protocol import INSTALL, CannotSpeakError, Spoken, serve, write_wav
from sonar_sign.speech.styles import Prosody

SYNCHRONOUS, DONT_EXIT = 2, 0x8000
UTF8 = 1
RATE, PITCH, RANGE = 1, 3, 4
WORDS_PER_MINUTE = 165
VARIANT = "f5"
SEED = 1
# Measured with praat: the mean pitch of this variant by eSpeak's parameter, with the range at its
# default, and what the default range adds to the mean. benchmarks/speech.py shows how well pitches
# that are asked for are met.
DEFAULT = 50
PITCHES = (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 99)
MEAN_HZ = (122.8, 134.6, 146.6, 162.0, 178.7, 198.9, 221.6, 247.8, 277.2, 311.6, 346.2)
EXCURSION_HZ = 15.6
CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


def speak(text: str, language: str, wav: Path, prosody: Prosody, request: dict[str, Any]) -> Spoken:
    """Speak in a fork of this process; see `protocol.serve`."""
    if language not in VOICES:
        raise CannotSpeakError(without_voice(language))
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            outcome = _speak_here(text, language, wav, prosody)
        except CannotSpeakError as problem:
            outcome = {"error": str(problem)}
        except ModuleNotFoundError as problem:
            outcome = {"error": f"eSpeak lacks the module {problem.name}; {INSTALL}."}
        except BaseException as error:
            outcome = {"error": f"eSpeak failed ({type(error).__name__}: {error})."}
        os.write(writing, json.dumps(outcome).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    if not answer:
        raise CannotSpeakError("eSpeak crashed.")
    outcome = json.loads(answer)
    if "error" in outcome:
        raise CannotSpeakError(outcome["error"])
    return Spoken(**outcome)


def _speak_here(text: str, language: str, wav: Path, prosody: Prosody) -> dict[str, Any]:
    library, rate = _open()
    voice = f"{VOICES[language]}+{VARIANT}"
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise CannotSpeakError(f"eSpeak refuses the voice {voice}.")
    pitch, wide = pitch_parameters(prosody)
    for parameter, value in (
        (RATE, round(WORDS_PER_MINUTE * prosody.rate)),
        (PITCH, pitch),
        (RANGE, wide),
    ):
        if library.espeak_SetParameter(parameter, value, 0) != 0:
            raise CannotSpeakError(f"eSpeak refuses parameter {parameter} = {value}.")
    samples = _synthesise(library, text)
    if not np.any(samples):
        raise CannotSpeakError("The text holds nothing that can be pronounced.")
    seconds = write_wav(wav, as_pcm(samples, rate, prosody.loudness_db), rate)
    version = library.espeak_Info
    version.restype = ctypes.c_char_p
    return {"seconds": seconds, "voice": f"espeak-ng {version(None).decode().split()[0]} {voice}"}


def _open() -> tuple[Any, int]:
    """The library, initialised, and its samples per second."""
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    # eSpeak's buffer for its data's path has 160 bytes; it takes other data, or none, where the
    # path is longer. From here it is short.
    os.chdir(Path(espeakng_loader.get_data_path()).parent)
    rate = library.espeak_Initialize(SYNCHRONOUS, 0, b".", DONT_EXIT)
    if rate <= 0:
        raise CannotSpeakError("eSpeak cannot read its data; install espeakng-loader again.")
    # It draws its noise from a seed that is the time.
    library.espeak_ng_SetRandSeed(ctypes.c_long(SEED))
    return library, rate


def _synthesise(library: Any, text: str) -> np.ndarray:
    """Float samples `(n,)` from -1 to 1."""
    parts: list[np.ndarray] = []

    @CALLBACK
    def collect(samples, n, _events) -> int:
        if samples and n > 0:
            parts.append(np.ctypeslib.as_array(samples, (n,)).copy())
        return 0

    library.espeak_SetSynthCallback(collect)
    encoded = text.replace("\0", " ").encode()
    # Without the flags for SSML and phonemes, `<` and `[[` are text.
    failed = library.espeak_Synth(encoded, len(encoded) + 1, 0, 0, 0, UTF8, None, None)
    if failed or library.espeak_Synchronize():
        raise CannotSpeakError("eSpeak could not synthesise the text.")
    return np.concatenate([*parts, np.zeros(0, np.int16)]) / 32768


def pitch_parameters(prosody: Prosody) -> tuple[int, int]:
    """eSpeak's pitch and range, 0 to 99 each, that give a prosody.

    eSpeak's excursions are in Hz, whatever the pitch, and lie above a base: a wider range raises
    the mean too, which the pitch takes back.
    """
    wide = min(99.0, DEFAULT * prosody.range * prosody.pitch)
    mean_hz = MEAN_HZ[DEFAULT // 10] * prosody.pitch
    base_hz = mean_hz - EXCURSION_HZ * (wide / DEFAULT - 1)
    return round(float(np.interp(base_hz, MEAN_HZ, PITCHES))), round(wide)


if __name__ == "__main__":
    serve(speak)
