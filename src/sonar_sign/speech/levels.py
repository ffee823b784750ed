"""The loudness of speech, and 16-bit samples that never wrap around."""

import numpy as np

# RMS of the louder half of a neutral utterance: leaves room for louder styles below full scale.
NEUTRAL_DBFS = -23.0
FRAME_S = 0.02
CEILING = 0.98


def level(samples: np.ndarray, rate: int) -> float:
    """The level of speech in dB below full scale, pauses left out; -inf for silence.

    Args:
        samples: float `(n,)`, from -1 to 1.
        rate: samples per second.
    """
    width = max(1, int(FRAME_S * rate))
    n = max(1, len(samples) // width)
    frames = np.resize(samples, n * width) if len(samples) < width else samples[: n * width]
    powers = np.sort(np.mean(frames.reshape(n, width).astype(np.float64) ** 2, axis=1))
    power = float(np.mean(powers[n // 2 :]))
    return 10 * np.log10(power) if power > 0 else -np.inf


def as_pcm(samples: np.ndarray, rate: int, change_db: float = 0.0) -> np.ndarray:
    """Speech at the neutral level plus `change_db`, int16 `(n,)`; peaks are bent, not cut."""
    present = level(samples, rate)
    if not np.isfinite(present):
        return np.zeros(len(samples), np.int16)
    scaled = samples * 10 ** ((NEUTRAL_DBFS + change_db - present) / 20)
    knee = 0.8
    over = np.abs(scaled) > knee
    bent = knee + (CEILING - knee) * np.tanh((np.abs(scaled) - knee) / (CEILING - knee))
    limited = np.where(over, np.sign(scaled) * bent, scaled)
    return np.round(limited * 32767).astype(np.int16)
