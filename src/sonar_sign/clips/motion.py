"""What moves around the signer: nothing is signed in a black or motionless picture, and hands rest
between sentences."""

import cv2
import numpy as np

# Frames are compared at this rate, as small grey pictures: so noise and coding do not count.
COMPARED_FPS = 12.5
CELLS = 28
# A cell has moved if its grey, 0 to 255, changes by more than this between its darkest and its
# lightest time; the outermost 2 % of the times are left out, in which noise is largest.
CHANGE = 16
OUTERMOST_PERCENT = 2
# In 14 clips of How2Sign, one of DailyMoth-70h, two of other corpora and seven of the demo at least
# 0.18 of the cells move, and 0.004 in any two seconds of one.
LEAST_SHARE = 0.002


def moving_share(frames: np.ndarray, fps: float) -> float:
    """The share of the picture, 0 to 1, that changes over time.

    Args:
        frames: `(n_frames, height, width, 3)` uint8 RGB, cropped to the signer.
        fps: frames per second.
    """
    step = max(1, round(fps / COMPARED_FPS))
    cells = np.stack([_cells(frame) for frame in frames[::step]])
    low, high = np.percentile(cells, [OUTERMOST_PERCENT, 100 - OUTERMOST_PERCENT], axis=0)
    return float((high - low > CHANGE).mean())


def shows_signing(frames: np.ndarray, fps: float) -> bool:
    """Whether enough moves for something to be signed; what moves is not looked at."""
    return moving_share(frames, fps) >= LEAST_SHARE


class MotionMeter:
    """How much frames differ from the ones before, one value a frame."""

    def __init__(self) -> None:
        self._before: np.ndarray | None = None

    def add(self, frame: np.ndarray) -> float:
        """The mean change of grey, 0 to 255, since the last frame; 0 for the first.

        Args:
            frame: `(height, width, 3)` uint8 RGB, cropped to the signer.
        """
        cells = _cells(frame).astype(np.float32)
        before, self._before = self._before, cells
        return 0.0 if before is None else float(np.abs(cells - before).mean())


def _cells(frame: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
