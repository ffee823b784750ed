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
    "Domani mattina vai dal medico?",
    "La maestra ci ha chiesto di leggere due libri.",
    "Non ho mai visto tante stelle nel cielo.",
    "Non dimenticare di annaffiare le piante.",
    "Suona il pianoforte ogni sera dopo cena.",
    "Ha messo le chiavi sotto la vecchia scatola.",
    "Dove hai trovato quel bel quadro?",
    "I bambini corrono nel giardino.",
    "Pioverà tutta la settimana in montagna.",
    "Prima si taglia la carta lungo la linea.",
    "I nostri vicini hanno tre cani e un uccello.",
    "La minestra è troppo calda per mangiarla adesso.",
    "Mi aiuti a portare questo tavolo pesante?",
    "Sono tornati a casa piano sotto la neve.",
    "Ecco come si tiene bene il pennello.",
)


def prosody(wav: Path) -> np.ndarray:
    """Praat's measures `(4,)`: log2 of the mean pitch in Hz, log2 of the pitch's range in semitones
    (between its 10th and 90th percentiles, because trackers err by octaves), log2 of utterances per
    second, and intensity in steps of 6 dB.
    """
    import parselmouth

    sound = parselmouth.Sound(str(wav))
    pitch = sound.to_pitch(pitch_floor=60, pitch_ceiling=600).selected_array["frequency"]
    octaves = np.log2(pitch[pitch > 0])
    return np.array(
        [
            octaves.mean(),
            np.log2(12 * np.subtract(*np.percentile(octaves, (90, 10)))),
            -np.log2(sound.duration),
            sound.get_intensity() / 6,
        ]
    )


def nearest_to_own(measured: np.ndarray) -> np.ndarray:
    """The share of each style's sentences that are nearest to the mean of their own style.

    A sentence is left out of all means that it is compared with.

    Args:
        measured: `(n_styles, n_sentences, n_measures)`, of the same sentences in each style.
    """
    spread = (measured - measured.mean(axis=1, keepdims=True)).std(axis=(0, 1))
    right = np.zeros(measured.shape[:2], bool)
    for sentence in range(measured.shape[1]):
        centres = np.delete(measured, sentence, axis=1).mean(axis=1)
        away = (measured[:, sentence, None] - centres[None]) / spread
        nearest = np.linalg.norm(away, axis=2).argmin(axis=1)
        right[:, sentence] = nearest == np.arange(len(measured))
    return right.mean(axis=1)


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
