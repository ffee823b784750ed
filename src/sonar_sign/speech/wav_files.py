"""Whether a WAV file is what an engine says it is."""

import wave
from pathlib import Path
from typing import Any

import numpy as np

from sonar_sign.core.errors import UserError

MIN_S, MAX_S = 0.05, 600.0
# How far an engine's statement of a length may be from the file's.
TOLERANCE_S = 0.05


def check_wav(path: Path, seconds: Any) -> float:
    """Check a file that an engine wrote; returns its length in seconds.

    Args:
        seconds: the length that the engine states.

    Raises:
        UserError: with words that follow the engine's name.
    """
    if path.is_symlink() or not path.is_file():
        raise UserError("wrote no file.")
    try:
        with wave.open(str(path), "rb") as file:
            parameters = file.getparams()
            content = file.readframes(parameters.nframes)
    except (wave.Error, EOFError, OSError) as error:
        raise UserError(f"wrote a file that is not a WAV file ({error}).") from error
    if (parameters.nchannels, parameters.sampwidth) != (1, 2) or parameters.framerate < 8000:
        raise UserError("wrote something other than mono 16-bit sound of at least 8 kHz.")
    if len(content) != 2 * parameters.nframes:
        raise UserError("wrote a WAV file that is cut off.")
    length = parameters.nframes / parameters.framerate
    if not MIN_S <= length <= MAX_S:
        raise UserError(f"wrote {length:.2f} s of sound, which is no utterance.")
    if not isinstance(seconds, int | float) or abs(seconds - length) > TOLERANCE_S:
        raise UserError(f"says that it wrote {seconds} s, but the file holds {length:.2f} s.")
    if not np.frombuffer(content, "<i2").any():
        raise UserError("wrote silence.")
    return length
