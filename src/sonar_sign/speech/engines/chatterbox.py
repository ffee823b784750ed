"""23 languages by Chatterbox Multilingual (package `chatterbox-tts`, MIT).

Its one knob of feeling is `exaggeration`, so it shows how strong a style is, not which. It needs
an environment of its own, because it pins another torch, and in practice a GPU. Written from the
package's documentation; it has not been run with the real model.
"""

import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sonar_sign.speech.levels import as_pcm
from sonar_sign.speech.protocol import CannotSpeakError, Spoken, serve, write_wav
from sonar_sign.speech.styles import Prosody

SEED = 0
NEUTRAL_EXAGGERATION = 0.5
LANGUAGES = {
    "arb_Arab": "ar",
    "dan_Latn": "da",
    "deu_Latn": "de",
    "ell_Grek": "el",
    "eng_Latn": "en",
    "spa_Latn": "es",
    "fin_Latn": "fi",
    "fra_Latn": "fr",
    "heb_Hebr": "he",
    "hin_Deva": "hi",
    "ita_Latn": "it",
    "jpn_Jpan": "ja",
    "kor_Hang": "ko",
    "zsm_Latn": "ms",
    "nld_Latn": "nl",
    "nob_Latn": "no",
    "pol_Latn": "pl",
    "por_Latn": "pt",
    "rus_Cyrl": "ru",
    "swe_Latn": "sv",
    "swh_Latn": "sw",
    "tur_Latn": "tr",
    "zho_Hans": "zh",
}


@cache
def _model(folder: str | None) -> Any:
    import torch
    from chatterbox.mtl_tts import ChatterboxMultilingualTTS

    device = "cuda" if torch.cuda.is_available() else "cpu"
    if folder is None:
        return ChatterboxMultilingualTTS.from_pretrained(device=device)
    return ChatterboxMultilingualTTS.from_local(folder, device=device)


def speak(text: str, language: str, wav: Path, prosody: Prosody, request: dict[str, Any]) -> Spoken:
    """Speak; see `protocol.serve`. Pitch, range and rate are left to the model."""
    import torch

    if language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise CannotSpeakError(f"Chatterbox does not speak {language}; it speaks {known}.")
    model = _model(sys.argv[1] if len(sys.argv) > 1 else None)
    strength = request["intensity"] if request["style"] != "neutral" else 0.0
    torch.manual_seed(SEED)
    sound = model.generate(
        text,
        language_id=LANGUAGES[language],
        exaggeration=NEUTRAL_EXAGGERATION * (1 + strength),
    )
    samples = np.asarray(sound.detach().cpu(), dtype=np.float32).reshape(-1)
    seconds = write_wav(wav, as_pcm(samples, model.sr, prosody.loudness_db), model.sr)
    return Spoken(seconds, "chatterbox multilingual")


if __name__ == "__main__":
    serve(speak)
