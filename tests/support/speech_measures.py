"""What is heard in a WAV file, measured by programs that had no part in making it."""

import re
from functools import cache
from pathlib import Path

import numpy as np

SENTENCES = (
    "The cat is sleeping on the table.",
    "We need to measure the flour before mixing it.",
    "Are you going to the doctor tomorrow morning?",
    "My brother bought a red car yesterday.",
    "Please open the window and let some air in.",
    "The teacher asked us to read two books.",
    "I have never seen so many stars in the sky.",
    "Do not forget to water the plants.",
    "She plays the piano every evening after dinner.",
    "The train leaves at seven from the second platform.",
    "He put the keys under the old wooden box.",
    "Where did you find that beautiful picture?",
    "Children are running around in the garden.",
    "It will rain all week in the mountains.",
    "First you cut the paper along the line.",
    "Our neighbors have three dogs and a bird.",
    "The soup is too hot to eat right now.",
    "Can you help me carry this heavy table?",
    "They walked home slowly through the snow.",
    "This is how you hold the brush correctly.",
)
ITALIAN = (
    "Il gatto dorme sul tavolo.",
    "Dobbiamo misurare la farina prima di mescolarla.",
    "Mio fratello ha comprato una macchina rossa.",
    "Apri la finestra e fai entrare un po' d'aria.",
    "Il treno parte alle sette dal secondo binario.",
)


def prosody(wav: Path) -> np.ndarray:
    """Praat's measures `(4,)`: log2 of the mean pitch in Hz, log2 of the pitch's standard deviation
    in semitones, log2 of utterances per second, and intensity in steps of 6 dB.
    """
    import parselmouth

    sound = parselmouth.Sound(str(wav))
    pitch = sound.to_pitch(pitch_floor=60, pitch_ceiling=600).selected_array["frequency"]
    octaves = np.log2(pitch[pitch > 0])
    return np.array(
        [
            octaves.mean(),
            np.log2(12 * octaves.std()),
            -np.log2(sound.duration),
            sound.get_intensity() / 6,
        ]
    )


def words(text: str) -> list[str]:
    """Words as the recogniser writes them."""
    return re.sub(r"[^a-z' ]", "", text.lower()).split()


def recognise(wav: Path, sentences: tuple[str, ...] = ()) -> list[str]:
    """The words that pocketsphinx hears: one of `sentences`, or anything if there are none."""
    decoder = _decoder(sentences)
    decoder.start_utt()
    decoder.process_raw(_at_16_khz(wav), full_utt=True)
    decoder.end_utt()
    hypothesis = decoder.hyp()
    return hypothesis.hypstr.split() if hypothesis else []


def word_errors(reference: list[str], heard: list[str]) -> int:
    """Substituted, inserted and missing words."""
    from nltk.metrics.distance import edit_distance

    return edit_distance(reference, heard)


@cache
def _decoder(sentences: tuple[str, ...]):
    from pocketsphinx import Decoder

    if not sentences:
        return Decoder(samprate=16000, loglevel="FATAL")
    decoder = Decoder(samprate=16000, loglevel="FATAL", lm=None)
    choices = " | ".join(" ".join(words(sentence)) for sentence in sentences)
    decoder.add_jsgf_string("list", f"#JSGF V1.0; grammar list; public <one> = {choices} ;")
    decoder.activate_search("list")
    return decoder


def _at_16_khz(wav: Path) -> bytes:
    import soundfile
    from scipy.signal import resample_poly

    samples, rate = soundfile.read(wav)
    common = int(np.gcd(rate, 16000))
    resampled = resample_poly(samples, 16000 // common, rate // common)
    return (np.clip(resampled, -1, 1) * 32767).astype("<i2").tobytes()
