"""Ten languages by Qwen3-TTS (package `qwen-tts`, Apache-2.0), styled by an instruction in words.

It needs an environment of its own, because it pins another transformers, and in practice a GPU.
Written from the package's documentation; it has not been run with the real model.
"""

import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sonar_sign.speech.levels import as_pcm
from sonar_sign.speech.protocol import CannotSpeakError, Spoken, serve, write_wav
from sonar_sign.speech.styles import Prosody

MODEL = "Qwen/Qwen3-TTS-12Hz-1.7B-CustomVoice"
SPEAKER = "Ryan"
SEED = 0
LANGUAGES = {
    "zho_Hans": "Chinese",
    "eng_Latn": "English",
    "jpn_Jpan": "Japanese",
    "kor_Hang": "Korean",
    "deu_Latn": "German",
    "fra_Latn": "French",
    "rus_Cyrl": "Russian",
    "por_Latn": "Portuguese",
    "spa_Latn": "Spanish",
    "ita_Latn": "Italian",
}


@cache
def _model(name: str) -> Any:
    import torch
    from qwen_tts import Qwen3TTSModel

    gpu = torch.cuda.is_available()
    return Qwen3TTSModel.from_pretrained(
        name,
        device_map="cuda:0" if gpu else "cpu",
        dtype=torch.bfloat16 if gpu else torch.float32,
    )


def speak(text: str, language: str, wav: Path, prosody: Prosody, request: dict[str, Any]) -> Spoken:
    """Speak; see `protocol.serve`. Pitch, range and rate are left to the model."""
    import torch

    if language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise CannotSpeakError(f"Qwen3-TTS does not speak {language}; it speaks {known}.")
    name = sys.argv[1] if len(sys.argv) > 1 else MODEL
    torch.manual_seed(SEED)
    sounds, rate = _model(name).generate_custom_voice(
        text=text,
        language=LANGUAGES[language],
        speaker=SPEAKER,
        instruct=request["instruction"],
    )
    samples = np.asarray(sounds[0], dtype=np.float32).reshape(-1)
    seconds = write_wav(wav, as_pcm(samples, rate, prosody.loudness_db), rate)
    return Spoken(seconds, f"{name} {SPEAKER}")


if __name__ == "__main__":
    serve(speak)
