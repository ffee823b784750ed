"""English by hibari-tts: a neural voice inside the package, its pitch edited before synthesis.

The network gives, per 12.5 ms frame, the spectra of a harmonic and of two noisy parts and the
fundamental frequency; styles change these four, and the rate through the network's own input. The
noise has a fixed seed, so the same request gives the same bytes.
"""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sonar_sign.speech.levels import as_pcm
from sonar_sign.speech.protocol import CannotSpeakError, Spoken, serve, write_wav
from sonar_sign.speech.styles import Prosody

VOICED_HZ = 40.0
LOWEST_HZ, HIGHEST_HZ = 70.0, 480.0
# Per unit of breathiness: harmonics lose this per octave above the pivot, noise gains this.
TILT_DB_PER_OCTAVE = 3.0
NOISE_DB = 6.0
PIVOT_HZ = 500.0
NEPER_PER_DB = np.log(10) / 20
PAUSE_S = 0.18


@cache
def _voice() -> Any:
    from hibari import Hibari

    return Hibari()


def speak(text: str, language: str, wav: Path, prosody: Prosody, request: dict[str, Any]) -> Spoken:
    """Speak English text; see `protocol.serve`."""
    if language != "eng_Latn":
        raise CannotSpeakError(f"hibari speaks English (eng_Latn) only, not {language}.")
    voice = _voice()
    # `[word](/phonemes/)` is markup to hibari; texts here have none.
    chunks = voice.phonemize(text.replace("](", "] ("))
    frames = [_frames(voice, chunk, prosody.rate) for chunk in chunks]
    frames = [frame for frame in frames if frame is not None]
    if not frames:
        raise CannotSpeakError("The text holds nothing that can be pronounced.")
    centre = _centre([frame[-1] for frame in frames])
    rng = np.random.default_rng(0)
    rate = voice.sample_rate
    pause = np.zeros(int(PAUSE_S / prosody.rate * rate), np.float32)
    parts: list[np.ndarray] = []
    for frame in frames:
        parts += [_synthesise(frame, prosody, centre, rng), pause]
    seconds = write_wav(wav, as_pcm(np.concatenate(parts[:-1]), rate, prosody.loudness_db), rate)
    return Spoken(seconds, f"hibari-tts {_version()} {voice.voice}")


def _version() -> str:
    from importlib.metadata import version

    return version("hibari-tts")


def _frames(voice: Any, phonemes: str, rate: float) -> list[np.ndarray] | None:
    """The network's outputs: five spectra `(601, frames)` and the pitch in Hz `(frames,)`."""
    ids = voice.ids(phonemes)
    if len(ids) < 3:
        return None
    inputs = {"ids": np.array([ids], np.int64), "speed": np.array([rate], np.float32)}
    return [output[0] for output in voice.sess.run(None, inputs)]


def _centre(pitches: list[np.ndarray]) -> float:
    """The geometric mean of the voiced frames' pitch, in Hz."""
    pitch = np.concatenate(pitches)
    voiced = pitch[pitch > VOICED_HZ]
    return float(np.exp(np.mean(np.log(voiced)))) if len(voiced) else 200.0


def _synthesise(
    outputs: list[np.ndarray], prosody: Prosody, centre: float, rng: np.random.Generator
) -> np.ndarray:
    """The outputs as sound, float32 `(n,)`, with the prosody's pitch and quality."""
    from hibari import dsp

    harmonic, phase, noise, rest, rest_phase, pitch = outputs
    voiced = pitch > VOICED_HZ
    moved = centre * prosody.pitch * (np.where(voiced, pitch, centre) / centre) ** prosody.range
    pitch = np.where(voiced, np.clip(moved, LOWEST_HZ, HIGHEST_HZ), pitch).astype(np.float32)
    hertz = np.linspace(0, dsp.SR / 2, harmonic.shape[0])
    octaves = np.log2(np.maximum(hertz, PIVOT_HZ) / PIVOT_HZ)[:, None]
    tilt_db = -TILT_DB_PER_OCTAVE * prosody.breathiness * octaves
    harmonic = harmonic + (NEPER_PER_DB * tilt_db).astype(np.float32)
    noise = noise + np.float32(NEPER_PER_DB * NOISE_DB * max(prosody.breathiness, 0.0))
    return dsp.synth(harmonic, phase, noise, rest, rest_phase, pitch, rng)


if __name__ == "__main__":
    serve(speak)
