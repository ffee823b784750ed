"""Checks of what was spoken."""

import json

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import sha256_of
from sonar_sign.core.wording import first_few
from sonar_sign.operations.declared_outputs import Output
from sonar_sign.operations.output_check import Inspection
from sonar_sign.report.spoken import read_spoken
from sonar_sign.speech.speak import INDEX
from sonar_sign.speech.texts import only_samples, read_texts


def check_speech(output: Output, look: Inspection) -> None:
    """It is of the translations that there are, and every sound is the one that was made."""
    name = f"{output.values['label']}.{output.values['language']}"
    spoken = read_spoken({name: output.path})
    lines = (output.path / INDEX).read_text(encoding="utf-8").splitlines()
    for clip, record in zip(spoken, map(json.loads, lines), strict=True):
        if clip.wav is not None and sha256_of(clip.wav) != record["wav_sha256"]:
            raise UserError(f"{clip.wav} is damaged: it is not the sound that was made.")
    predictions, samples = (look.there(output.input(one)) for one in ("predictions", "samples"))
    if predictions is None or (samples is None and output.input("samples") is not None):
        return
    texts = read_texts(predictions)
    texts = only_samples(texts, samples) if samples is not None else texts
    found = {(clip.clip_id, clip.text) for clip in spoken}
    wrong = [one.name for one in texts if (one.name, one.text) not in found]
    if wrong or len(texts) != len(spoken):
        raise UserError(
            f"{output.path} is of other translations than {predictions}"
            f"{': ' if wrong else ''}{first_few(wrong)}."
        )
